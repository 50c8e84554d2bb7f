#!/bin/sh
# A text file as the lines of a C string, for #include in an initialiser. A question
# mark is escaped, since two may begin a trigraph.
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/	/\\t/g' -e 's/^/"/' -e 's/$/\\n"/' "$1"
