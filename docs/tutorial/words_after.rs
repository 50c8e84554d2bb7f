use std::collections::HashMap;
use std::io::Read;

struct Stats {
    longest: String,
    total: usize,
}

// One String for all words, and a copy where the map keeps one.
fn count_words(text: &str, counts: &mut HashMap<String, usize>) {
    let mut key = String::new();
    for word in text.split_whitespace() {
        key.clear();
        key.extend(word.chars().flat_map(char::to_lowercase));
        match counts.get_mut(&key) {
            Some(count) => *count += 1,
            None => {
                counts.insert(key.clone(), 1);
            }
        }
    }
}

// Nothing is collected that is only counted.
fn fields(line: &str) -> usize {
    line.split(',').count()
}

// Returned by value.
fn measure(line: &str) -> Stats {
    Stats { longest: String::new(), total: line.len() }
}

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let mut counts = HashMap::new();
    let (mut commas, mut total) = (0, 0);
    for line in text.lines() {
        count_words(line, &mut counts);
        commas += fields(line);
        let stats = measure(line);
        total += stats.total + stats.longest.len();
    }
    println!("{} words, {} fields, {} bytes", counts.len(), commas, total);
}
