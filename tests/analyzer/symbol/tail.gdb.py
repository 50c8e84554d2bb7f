# For tail.test: runs the program, and at each malloc and free that it calls writes
# a question for chains to the file "questions" and gdb's own answer to "answers":
# the functions that it found to be left by a jump, outermost first.
import gdb


def stack():
    """Return addresses and names of jumped-out-of functions before each."""
    frame = gdb.newest_frame()
    hook = "free" if "free" in frame.name() else "malloc"
    calls = []
    jumped = []
    frame = frame.older()
    while frame is not None:
        if frame.type() == gdb.TAILCALL_FRAME:
            jumped.insert(0, frame.name())
        elif frame.type() == gdb.NORMAL_FRAME:
            calls.append((frame.pc(), jumped))
            jumped = []
            if frame.name() == "main":
                break
        frame = frame.older()
    return hook, calls


def main():
    for setting in ("pagination off", "width 0", "breakpoint pending on"):
        gdb.execute("set " + setting)
    gdb.execute("break main")
    gdb.execute("run")
    start = int(gdb.parse_and_eval("(long)&main"))
    here = {}
    for name in ("malloc", "free"):
        gdb.Breakpoint(name)
    while True:
        gdb.execute("continue", to_string=True)
        try:
            hook, calls = stack()
        except gdb.error:
            break
        inner = hook
        for pc, jumped in calls:
            if abs(pc - start) > 1 << 30:
                break  # in a library
            place = "0 %x" % (pc - start + main_offset)
            here[place + " " + inner] = " ".join(jumped)
            inner = place
    with open("questions", "w") as questions, open("answers", "w") as answers:
        for question in sorted(here):
            questions.write(question + "\n")
            answers.write(here[question] + "\n")


main()
