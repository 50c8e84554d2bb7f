-- The database, version 10 (user_version). esc-db(5) documents it. Times are ns,
-- sizes bytes; ids start at 1. `observed` counts recorded blocks, `estimated`
-- weighs each by 1/P(recorded), moved so that the sums are those that were counted; in full
-- mode both are equal.
PRAGMA application_id = 0x45534344; -- "ESCD"
PRAGMA user_version = 10;

CREATE TABLE run (
	id INTEGER PRIMARY KEY,
	trace TEXT NOT NULL,            -- absolute path
	command TEXT NOT NULL,          -- JSON array of arguments
	exe TEXT NOT NULL,
	pid INTEGER NOT NULL,
	parent INTEGER NOT NULL,        -- pid of who started it; 0: not known
	session TEXT NOT NULL,          -- the same of all traces of one esc record; '' none
	start TEXT NOT NULL,            -- RFC 3339, UTC
	duration_ns INTEGER NOT NULL,
	window_ns INTEGER NOT NULL,     -- at its end, of that all was to be recorded; less
	                                -- than duration_ns in a flight recorder's trace
	mode TEXT NOT NULL,             -- full, sampled, auto
	sample_interval INTEGER NOT NULL, -- bytes; 1 in full mode, and at first in auto
	interval_low INTEGER NOT NULL,  -- of nine in ten of the blocks that auto mode
	interval_high INTEGER NOT NULL, -- sampled, the intervals; 1: it sampled none
	interval_last INTEGER NOT NULL, -- of the last block
	whole INTEGER NOT NULL,         -- 1: every call was to be recorded
	whole_ns INTEGER NOT NULL,      -- from the start, as long as that was so
	whole_allocations INTEGER NOT NULL, -- recorded until then
	budget REAL NOT NULL,           -- % of the time that auto mode may take
	spent_ns INTEGER NOT NULL,      -- that it took
	allocations INTEGER NOT NULL,   -- exact, in every mode
	frees INTEGER NOT NULL,         -- exact
	bytes INTEGER NOT NULL,         -- exact
	recorded INTEGER NOT NULL,      -- allocations recorded
	lost INTEGER NOT NULL,          -- events that should have been recorded and are not
	lost_from_ns INTEGER NOT NULL,  -- of these the first and the last, from the start;
	lost_until_ns INTEGER NOT NULL, -- both 0: none, or it is not known when
	lost_why TEXT NOT NULL,         -- '' none was
	paused_ns INTEGER NOT NULL,     -- that nothing was to be recorded, in all of its processes
	pauses INTEGER NOT NULL,        -- in so many times
	passed INTEGER NOT NULL,        -- allocations then: counted, not recorded, not lost
	unknown INTEGER NOT NULL,       -- observed blocks whose fate is unknown
	cut INTEGER NOT NULL,           -- events with a stack cut at the depth limit
	broken INTEGER NOT NULL,        -- events whose stack ended early
	unmatched_frees INTEGER NOT NULL, -- recorded frees of blocks never seen allocated
	freed_before INTEGER NOT NULL,  -- the same of blocks allocated before the window, or in
	                                -- a pause
	pool_unmatched INTEGER NOT NULL, -- frees of blocks of pools never seen allocated
	peak_bytes INTEGER NOT NULL,    -- the most that was live
	peak_ns INTEGER NOT NULL,       -- when that was, from the start
	threads INTEGER NOT NULL,
	processes INTEGER NOT NULL,
	complete INTEGER NOT NULL,      -- 1: the keeper closed the trace, and all of it is whole
	running INTEGER NOT NULL,       -- 1: it was read while it was still written
	damaged INTEGER NOT NULL,       -- places of the trace that are damaged or missing
	missing INTEGER NOT NULL,       -- bytes of it that are not there or were not used
	stack_limit INTEGER NOT NULL,   -- L of the verdicts
	wrappers TEXT NOT NULL,         -- JSON array of the --wrapper patterns given
	no_wrappers TEXT NOT NULL,      -- the same of --no-wrapper
	found_wrappers TEXT NOT NULL,   -- JSON array of functions: wrappers by what they did
	allocator TEXT NOT NULL,        -- '' libc, else path
	version TEXT NOT NULL DEFAULT '', -- of the esc that made the database
	marks TEXT NOT NULL,            -- '' not asked for, 'marked', else why not
	cost_ns INTEGER NOT NULL,       -- estimated time in malloc and free
	slice_ns REAL NOT NULL,         -- of the slices of path_cell
	steps INTEGER NOT NULL,         -- from a stack to the next of the same thread
	steps_over INTEGER NOT NULL,    -- at which an activation was seen to be over
	steps_proved INTEGER NOT NULL,  -- at which all that stayed is proved to be the same
	steps_presumed INTEGER NOT NULL, -- at which some of it is presumed to be
	steps_unread INTEGER NOT NULL,  -- of these: for code that could not be read
	presumed_local INTEGER NOT NULL, -- blocks that were local if there were no marks
	presumed_wrong INTEGER NOT NULL, -- of these: marks show that they escaped
	filter TEXT NOT NULL DEFAULT '' -- what its sites and paths had to pass (--filter); '' all
) STRICT;

CREATE TABLE module (
	id INTEGER PRIMARY KEY,
	path TEXT NOT NULL,
	build_id TEXT NOT NULL,         -- hex, '' none
	symbols TEXT NOT NULL,          -- dwarf, split, symtab, partial, missing, mismatch, unreadable,
	                                -- failed, unused
	debug_file TEXT NOT NULL,       -- '' none
	code TEXT NOT NULL,             -- machine code: read, missing, mismatch, unreadable,
	                                -- failed, machine, none, unused
	confined TEXT NOT NULL,         -- what kept the process that read its files: seccomp,
	                                -- limits (alone), '' none did
	note TEXT NOT NULL              -- why it failed, what debug file was refused or is not there; '' none
) STRICT;

-- A logical frame: a function at a line, in a module.
CREATE TABLE frame (
	id INTEGER PRIMARY KEY,
	function TEXT NOT NULL,
	symbol TEXT NOT NULL,
	file TEXT NOT NULL,             -- '' unknown
	line INTEGER NOT NULL,          -- 0 unknown
	column INTEGER NOT NULL,        -- 0 unknown
	module INTEGER NOT NULL REFERENCES module(id),
	inlined INTEGER NOT NULL,
	wrapper INTEGER NOT NULL,       -- 1: allocates or frees for its caller
	startup INTEGER NOT NULL,       -- 1: runtime's start-up, thread-start, exit code
	tail INTEGER NOT NULL           -- 1: left by a jump (a tail call), and put back
) STRICT;

-- A tree of logical frames: parent is the caller's side, 0 the root's.
CREATE TABLE stack (
	id INTEGER PRIMARY KEY,
	parent INTEGER NOT NULL,
	frame INTEGER NOT NULL REFERENCES frame(id),
	depth INTEGER NOT NULL,         -- 1: outermost
	state INTEGER NOT NULL          -- of the outermost: 0 whole, 1 cut, 2 broken
) STRICT;

-- One row a site and run.
CREATE TABLE site (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run(id),
	frame INTEGER NOT NULL REFERENCES frame(id),
	allocator TEXT NOT NULL,        -- function that was called most: malloc, ...; "pool NAME"
	pool TEXT NOT NULL,             -- that they are parts of, by its name (esc.h); '' none
	container TEXT NOT NULL,        -- what they are a part of: std::vector, ...; '' none
	verdict TEXT NOT NULL,
	owner INTEGER,                  -- frame(id) of the owner named in the report
	owner_distance INTEGER,
	observed INTEGER NOT NULL,
	estimated REAL NOT NULL,
	estimated_low REAL NOT NULL,    -- 95 %
	estimated_high REAL NOT NULL,
	bytes REAL NOT NULL,            -- estimated
	bytes_low REAL NOT NULL,        -- 95 %
	bytes_high REAL NOT NULL,
	local INTEGER NOT NULL,         -- observed blocks by fate; they add up to observed
	up INTEGER NOT NULL,
	thread INTEGER NOT NULL,
	live INTEGER NOT NULL,          -- not censored
	censored INTEGER NOT NULL,
	unknown INTEGER NOT NULL,
	unknown_why TEXT NOT NULL,      -- JSON object reason: blocks
	proved INTEGER NOT NULL,
	inferred INTEGER NOT NULL,
	reallocs INTEGER NOT NULL,      -- blocks that realloc ended, or made of others
	activations INTEGER NOT NULL,   -- of the owner, that these blocks came from
	threads INTEGER NOT NULL,       -- that allocated here
	peak_blocks REAL NOT NULL,      -- estimated, live when most was (run.peak_ns)
	peak_bytes REAL NOT NULL,
	size_min INTEGER NOT NULL,
	size_max INTEGER NOT NULL,
	size_p50 INTEGER NOT NULL,
	size_p99 INTEGER NOT NULL,
	size_distinct INTEGER NOT NULL,
	life_min INTEGER,               -- NULL: none was freed
	life_p50 INTEGER,
	life_p90 INTEGER,
	life_p99 INTEGER,
	life_max INTEGER,
	cost_allocate REAL NOT NULL,    -- ns, estimated from the timed calls
	cost_free REAL NOT NULL,
	timed INTEGER NOT NULL,         -- calls that were timed
	escape_upper REAL NOT NULL,     -- 95 % upper bound of the escape rate
	capacity INTEGER NOT NULL,      -- bytes that cover 99 % of the blocks
	stack INTEGER NOT NULL REFERENCES stack(id), -- heaviest path; its leaf is the site
	counter_fate TEXT,              -- of the counter-example, or NULL
	counter_stack INTEGER           -- stack(id) that freed it, or that kept it
) STRICT;

-- Blocks of a site by the path that allocated them.
CREATE TABLE path (
	site INTEGER NOT NULL REFERENCES site(id),
	stack INTEGER NOT NULL REFERENCES stack(id), -- whole, wrappers included
	blocks REAL NOT NULL,           -- estimated
	bytes REAL NOT NULL,
	local REAL NOT NULL,
	up REAL NOT NULL,
	thread REAL NOT NULL,
	live REAL NOT NULL,             -- censored ones included
	unknown REAL NOT NULL,
	cost REAL NOT NULL,             -- ns
	live_bytes REAL NOT NULL,       -- of those that are live
	life REAL NOT NULL,             -- ns that they lived in all; live ones until the end
	life_squares REAL NOT NULL,     -- the sum of the squares of these, ns
	peak_blocks REAL NOT NULL,      -- live when most was (run.peak_ns)
	peak_bytes REAL NOT NULL,
	PRIMARY KEY (site, stack)
) STRICT, WITHOUT ROWID;

-- Blocks of a site by the path that freed them.
CREATE TABLE free_path (
	site INTEGER NOT NULL REFERENCES site(id),
	stack INTEGER NOT NULL REFERENCES stack(id),
	fate TEXT NOT NULL,
	blocks REAL NOT NULL,
	PRIMARY KEY (site, stack, fate)
) STRICT, WITHOUT ROWID;

-- Where a site's blocks end differently depending on who called it: its blocks by
-- caller, the 64 with most blocks.
CREATE TABLE site_context (
	site INTEGER NOT NULL REFERENCES site(id),
	stack INTEGER NOT NULL REFERENCES stack(id), -- the callers that tell, and the site
	callers INTEGER NOT NULL,       -- how many these are, 0 to 4
	verdict TEXT NOT NULL,          -- of these blocks alone
	owner INTEGER,                  -- as in site, of these blocks
	owner_distance INTEGER,
	observed INTEGER NOT NULL,
	estimated REAL NOT NULL,
	bytes REAL NOT NULL,            -- estimated
	local INTEGER NOT NULL,         -- observed blocks by fate
	up INTEGER NOT NULL,
	far INTEGER NOT NULL,           -- of up: farther than 3
	thread INTEGER NOT NULL,
	live INTEGER NOT NULL,
	censored INTEGER NOT NULL,
	unknown INTEGER NOT NULL,
	reallocs INTEGER NOT NULL,
	activations INTEGER NOT NULL,
	size_min INTEGER NOT NULL,
	size_max INTEGER NOT NULL,
	PRIMARY KEY (site, stack)
) STRICT, WITHOUT ROWID;

CREATE TABLE owner (
	site INTEGER NOT NULL REFERENCES site(id),
	frame INTEGER NOT NULL REFERENCES frame(id),
	distance INTEGER NOT NULL,
	fate TEXT NOT NULL,             -- local or up
	blocks INTEGER NOT NULL,        -- observed
	proved INTEGER NOT NULL,
	PRIMARY KEY (site, frame, distance, fate)
) STRICT, WITHOUT ROWID;

-- size exact while a site has few sizes, else the upper bound of a bucket.
CREATE TABLE size_histogram (
	site INTEGER NOT NULL REFERENCES site(id),
	size INTEGER NOT NULL,
	blocks REAL NOT NULL,
	PRIMARY KEY (site, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE life_histogram (
	site INTEGER NOT NULL REFERENCES site(id),
	life INTEGER NOT NULL,          -- upper bound, ns
	blocks REAL NOT NULL,
	PRIMARY KEY (site, life)
) STRICT, WITHOUT ROWID;

-- Blocks of a site by size and lifetime, each by its octave: the floor of the
-- logarithm to base 2.
CREATE TABLE size_life (
	site INTEGER NOT NULL REFERENCES site(id),
	size INTEGER NOT NULL,          -- octave of bytes; 0: 0 bytes as well
	life INTEGER NOT NULL,          -- octave of ns; -1: not seen to end
	blocks REAL NOT NULL,
	bytes REAL NOT NULL,
	PRIMARY KEY (site, size, life)
) STRICT, WITHOUT ROWID;

-- Blocks of a path by the thread that allocated them and the time at which it did, by
-- site, stack, thread and slice. No key: it would cost more than the rows.
CREATE TABLE path_cell (
	site INTEGER NOT NULL,          -- path(site, stack)
	stack INTEGER NOT NULL,
	thread INTEGER NOT NULL,        -- thread(id); 0: other threads
	slice INTEGER NOT NULL,         -- of run.slice_ns; 0 begins where the window does
	phase INTEGER NOT NULL DEFAULT 0, -- phase(id); 0: in none, or there was no room to tell
	blocks REAL NOT NULL,
	bytes REAL NOT NULL
) STRICT;

CREATE TABLE timeline (
	run INTEGER NOT NULL REFERENCES run(id),
	at INTEGER NOT NULL,            -- ns since start, end of the slice
	live_bytes REAL NOT NULL,       -- estimated, highest in the slice
	allocations REAL NOT NULL,
	frees REAL NOT NULL,
	PRIMARY KEY (run, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE process (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run(id),
	number INTEGER NOT NULL,        -- of the trace; 1: the one that the trace is called for
	pid INTEGER NOT NULL,
	parent INTEGER NOT NULL,        -- pid of who forked or started it; 0: not known
	start_ns INTEGER NOT NULL       -- from the run's start
) STRICT;

-- The processes that allocated at a site.
CREATE TABLE site_process (
	site INTEGER NOT NULL REFERENCES site(id),
	process INTEGER NOT NULL REFERENCES process(id),
	PRIMARY KEY (site, process)
) STRICT, WITHOUT ROWID;

-- What the program calls its parts (esc.h).
CREATE TABLE phase (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run(id),
	name TEXT NOT NULL,
	entered INTEGER NOT NULL,       -- times that a process entered it
	first_ns INTEGER NOT NULL,      -- the first of them, from the run's start
	time_ns INTEGER NOT NULL        -- that processes were in it, added up
) STRICT;

CREATE TABLE thread (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run(id),
	number INTEGER NOT NULL,        -- of the trace
	process INTEGER NOT NULL,       -- number of the trace
	pid INTEGER NOT NULL,
	tid INTEGER NOT NULL,
	allocations INTEGER NOT NULL,   -- exact
	frees INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	lost INTEGER NOT NULL,
	name TEXT NOT NULL DEFAULT ''   -- that the program gave it (esc.h)
) STRICT;

CREATE TABLE thread_pair (
	run INTEGER NOT NULL REFERENCES run(id),
	allocating INTEGER NOT NULL REFERENCES thread(id),
	freeing INTEGER NOT NULL REFERENCES thread(id),
	blocks REAL NOT NULL,
	PRIMARY KEY (run, allocating, freeing)
) STRICT, WITHOUT ROWID;

CREATE INDEX site_cost ON site (run, cost_allocate + cost_free);
