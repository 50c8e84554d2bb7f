use std::collections::HashMap;
use std::io::Read;

struct Stats {
    longest: String,
    total: usize,
}

// A String for each word, to look it up: most words are there already.
fn count_words(text: &str, counts: &mut HashMap<String, usize>) {
    for word in text.split_whitespace() {
        let key = word.to_lowercase();
        *counts.entry(key).or_insert(0) += 1;
    }
}

// A Vec that is made, looked at and dropped, for each line.
fn fields(line: &str) -> usize {
    let parts: Vec<&str> = line.split(',').collect();
    parts.len()
}

// A box for what fits into two registers.
fn measure(line: &str) -> Box<Stats> {
    Box::new(Stats { longest: String::new(), total: line.len() })
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
