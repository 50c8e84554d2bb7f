// The same in C++, with a phase that ends with its scope.
//
//	c++ -g -O1 -pthread -o phases phases.cc && esc run ./phases
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <esc.h>

namespace {

class Phase {
public:
	explicit Phase(const char *name)
	{
		esc_phase(name);
	}
	~Phase()
	{
		esc_phase(nullptr);
	}
	Phase(const Phase &) = delete;
	Phase &operator=(const Phase &) = delete;
};

std::vector<std::string> table;

void
load()
{
	Phase phase("load");

	for (int i = 0; i < 100; i++)
		table.push_back("an entry that is too long for a short string, " + std::to_string(i));
}

// The copy never leaves: esc says so, of this phase.
std::size_t
answer(int number)
{
	std::string request = table[static_cast<std::size_t>(number) % table.size()];

	return request.size();
}

std::size_t
serve()
{
	Phase phase("serve");
	std::size_t sum = 0;

	std::thread server([&sum] {
		esc_thread_name("server");
		for (int i = 0; i < 1000; i++)
			sum += answer(i);
	});
	server.join();
	return sum;
}

} // namespace

int
main()
{
	load();
	std::printf("%zu\n", serve());
	return 0;
}
