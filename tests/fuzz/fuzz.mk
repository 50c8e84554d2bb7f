# Builds the fuzzers for an engine, in fuzz/ENGINE of the build. Called by what
# Makefile.am has for fuzzing, which gives the variables that are not set here.

out = fuzz/$(ENGINE)
vpath %.c $(top_srcdir) .

ifeq ($(ENGINE),libfuzzer)
CC = clang
engine = -fsanitize=fuzzer-no-link
link = -fsanitize=fuzzer
sanitize = -fsanitize=address,undefined -fno-sanitize-recover=all
else ifeq ($(ENGINE),fast)
# For very many executions: less is looked at in each.
CC = clang
engine = -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp
link = -fsanitize=fuzzer
sanitize = -fsanitize=undefined -fsanitize-trap=undefined
else ifeq ($(ENGINE),coverage)
CC = clang
engine = -fprofile-instr-generate -fcoverage-mapping
link = $(engine)
main = $(out)/tests/fuzz/replay.o
else ifeq ($(ENGINE),afl)
CC = AFL_QUIET=1 AFL_USE_ASAN=1 AFL_USE_UBSAN=1 afl-clang-fast
engine = -fsanitize=fuzzer-no-link
link = -fsanitize=fuzzer
else
$(error ENGINE is libfuzzer, afl, fast or coverage)
endif

# The calls that fuzz.c answers for the one file of a fuzzer. What is covered is counted
# with the kernel's files, which can be locked and packed.
ifneq ($(ENGINE),coverage)
memory = -DFUZZ_MEMORY
wrapped = open close fstat flock pread nanosleep
endif
flags = -std=gnu11 -O1 -g -w $(engine) $(sanitize) $(memory) \
	$(filter-out -DESC_%,$(FUZZ_CPPFLAGS))
wrap = $(wrapped:%=-Wl,--wrap=%)

programs = $(FUZZERS:%=$(out)/fuzz_%)
objects = $(patsubst %.c,$(out)/%.o,$(filter %.c,$(FUZZ_FILES)))
harnesses = $(FUZZERS:%=$(out)/tests/fuzz/fuzz_%.o)

# Beside what the kept inputs cover, what the tests of these files do.
ifeq ($(ENGINE),coverage)
units = $(COVERAGE_TESTS:%=$(out)/%)
endif

all: $(programs) $(units)

$(units): $(out)/%: $(out)/%.o $(out)/libfuzz.a
	$(CC) $(link) -o $@ $^ $(FUZZ_LIBS)

# A resolver that needs no files: its answers stand in the trace.
$(out)/fuzz_ingest: $(out)/tests/lib/fake_symbol.o

$(out)/fuzz_outputs: $(out)/tests/fuzz/reused.o
$(out)/fuzz_outputs: wrap += $(REUSED_WRAPS:%=-Wl,--wrap=%)

# What it is told comes back where it would end.
$(out)/fuzz_argv: wrap += -Wl,--wrap=exit

$(programs): $(out)/fuzz_%: $(out)/tests/fuzz/fuzz_%.o $(main) $(out)/libfuzz.a
	$(CC) $(link) $(sanitize) $(wrap) -o $@ $(filter %.o,$^) $(out)/libfuzz.a $(FUZZ_LIBS)

$(out)/libfuzz.a: $(objects)
	rm -f $@ && ar cr $@ $(objects)

$(out)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(flags) -MMD -MP -c -o $@ $<

# What a fuzzer holds outputs against is not what it explores.
$(out)/tests/fuzz/strict.o $(out)/tests/fuzz/reused.o: engine =

-include $(objects:.o=.d) $(harnesses:.o=.d) $(units:=.d)
.SECONDARY:
