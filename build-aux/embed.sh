#!/bin/sh
# A text file as the lines of a C string, for #include in an initialiser.
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' -e 's/^/"/' -e 's/$/\\n"/' "$1"
