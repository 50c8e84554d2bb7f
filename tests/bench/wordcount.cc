/* Counts words as many programs do it: a string for each, a hash table, a sort. */
#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

static std::vector<std::string>
words_of(const std::string &line)
{
	std::vector<std::string> words;
	std::string word;

	for (char c : line) {
		if (std::isalpha(static_cast<unsigned char>(c))) {
			word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
		} else if (!word.empty()) {
			words.push_back(word);
			word.clear();
		}
	}
	if (!word.empty())
		words.push_back(word);
	return words;
}

int
main(int argc, char **argv)
{
	std::ifstream file(argc > 1 ? argv[1] : "/dev/stdin");
	std::unordered_map<std::string, long> counts;
	std::string line;

	while (std::getline(file, line))
		for (const std::string &word : words_of(line))
			counts[word]++;
	std::vector<std::pair<std::string, long>> sorted(counts.begin(), counts.end());
	std::sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) {
		return a.second != b.second ? a.second > b.second : a.first < b.first;
	});
	for (size_t i = 0; i < sorted.size() && i < 20; i++)
		std::cout << sorted[i].second << ' ' << sorted[i].first << '\n';
	return 0;
}
