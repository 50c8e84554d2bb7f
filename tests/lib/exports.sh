# Databases of real programs for what reads exports, in a directory of the test's own, beside
# those of db.sh: threads.db, sampled.db, what --filter leaves of these, and sqlite.db.
. "${top_srcdir:?}/tests/lib/db.sh"
ESC=$esc
NODE_MODULES=$(cd "$top_builddir" && pwd)/npm/node_modules
CHROMIUM=$(command -v chromium) || CHROMIUM=
PYTHONPATH=$(cd "$top_srcdir" && pwd)/tests/analyzer/export
PYTHONDONTWRITEBYTECODE=1
readers=$PYTHONPATH/readers.mjs
export ESC NODE_MODULES CHROMIUM PYTHONPATH PYTHONDONTWRITEBYTECODE

needs_module() {
	for module; do
		[ -d "$NODE_MODULES/$module" ] || skip "no npm package $module (quickstart test)"
	done
}

# record NAME OPTION PROG...
record() {
	name=$1
	shift
	"$esc" record -q -o "$name.esc" "$@" >"$name.out" || fail "$name does not run"
	"$esc" analyze -q -o "$name.db" "$name.esc" || fail "$name is not analyzed"
}

cat >threads.cc <<'CC'
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>
static void *volatile kept[64];
static inline __attribute__((always_inline)) void *innermost(std::size_t size)
{
	return std::malloc(size);
}
static inline __attribute__((always_inline)) void *middle(std::size_t size)
{
	return innermost(size + 1);
}
__attribute__((noinline)) void keep(int at)
{
	kept[at] = middle(1000 + at);
}
__attribute__((noinline)) std::size_t churn(int rounds)
{
	std::map<int, std::string> words;
	std::size_t sum = 0;
	for (int i = 0; i < rounds; i++) {
		void *volatile block = middle(16 + i % 7);
		std::free(block);
		words[i % 50] = std::string(20 + i % 30, 'x');
		std::vector<int> numbers(i % 100 + 1);
		sum += numbers.size();
	}
	return sum + words.size();
}
static void work(int number)
{
	churn(2000 * number);
	keep(number);
}
int main()
{
	std::thread one(work, 1), two(work, 2);
	one.join();
	two.join();
	work(3);
}
CC
${CXX:-c++} -g -O1 -fno-builtin -pthread -o threads threads.cc || exit 99
record threads --full -- ./threads
record sampled --sample=4096 -- ./threads
"$esc" export --format=database --filter=thread=2 -o filtered.db threads.db 2>/dev/null ||
	fail "--filter"
"$esc" export --format=database --filter='function!=keep' --filter=time=0- -o rest.db \
    sampled.db 2>/dev/null || fail "--filter"
if command -v sqlite3 >/dev/null; then
	record sqlite --full -- sqlite3 :memory: "CREATE TABLE a(x, t);
	    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
	    INSERT INTO a SELECT i, hex(i) FROM n; SELECT count(*), max(t) FROM a;"
fi
