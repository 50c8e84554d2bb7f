#!/bin/sh
# manhtml.sh MAN DIR: makes DIR/PAGE.SECTION.html of each MAN/PAGE.SECTION by mandoc,
# index.html, which lists them, and style.css.
set -eu

man=$(cd "$1" && pwd)
out=$2
new=$out.new
rm -rf "$new"
mkdir -p "$new"
cp "$man/html.css" "$new/style.css"
# mandoc links a page here if it finds it, and else to where all pages are.
cp "$man"/*.[1-9] "$new/"
for page in "$man"/*.[1-9]; do
	: >"$new/${page##*/}.html"
done
elsewhere='https://manpages.debian.org/%N.%S'
for page in "$man"/*.[1-9]; do
	name=${page##*/}
	(cd "$new" && mandoc -T html -O "style=style.css,toc,man=%N.%S.html;$elsewhere" \
	    "$name" >"$name.html")
done
rm "$new"/*.[1-9]

# list SECTION TITLE: those pages with what they say of themselves
list() {
	echo "<h2>$2</h2>"
	echo '<dl>'
	for page in "$man"/*."$1"; do
		name=${page##*/}
		about=$(sed -n 's/^\.Nd //p' "$page" |
		    sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
		echo "<dt><a href=\"$name.html\">${name%.*}($1)</a></dt><dd>$about</dd>"
	done
	echo '</dl>'
}

{
	cat <<-'HTML'
	<!DOCTYPE html>
	<html lang="en">
	<head>
	  <meta charset="utf-8"/>
	  <meta name="viewport" content="width=device-width, initial-scale=1.0"/>
	  <link rel="stylesheet" href="style.css"/>
	  <title>esc: manual</title>
	</head>
	<body>
	<main>
	<h1>esc: the manual</h1>
	HTML
	for section in 1 3 5 7; do
		set -- "$man"/*."$section"
		[ -f "$1" ] || continue
		case $section in
		1) list 1 Commands ;;
		3) list 3 'For programs' ;;
		5) list 5 Files ;;
		7) list 7 Background ;;
		esac
	done
	cat <<-'HTML'
	</main>
	</body>
	</html>
	HTML
} >"$new/index.html"

mkdir -p "$out"
mv "$new"/*.html "$new"/style.css "$out/"
rmdir "$new"
# newer than the rest, which it stands for
touch "$out/index.html"
