#include "web/server/bundle.h"

#include <pthread.h>
#include <string.h>

#include "web/server/gzip.h"

static const char bundle_javascript[] = "text/javascript; charset=utf-8";
static const char bundle_page[] =
#include "web/page/index_html.inc"
    ;
static const char bundle_script[] =
#include "web/page/app_js.inc"
    ;
static const char bundle_style[] =
#include "web/page/style_css.inc"
    ;
static const char bundle_open[] =
#include "web/page/open_js.inc"
    ;
static const char bundle_plot[] =
#include "web/page/plot_js.inc"
    ;
static const char bundle_icon[] =
#include "web/page/icon_svg.inc"
    ;
static const char bundle_script_sum[] =
#include "web/page/app_js_sum.inc"
    ;
static const char bundle_open_sum[] =
#include "web/page/open_js_sum.inc"
    ;
static const char bundle_plot_sum[] =
#include "web/page/plot_js_sum.inc"
    ;
static const char bundle_style_sum[] =
#include "web/page/style_css_sum.inc"
    ;

/* As the script will ask for them, which takes until it runs. */
static const char bundle_links[] = "</api/first?run=1>; rel=preload; as=fetch; crossorigin, "
				   "</api/info?run=1>; rel=preload; as=fetch; crossorigin, "
				   "</api/state?>; rel=preload; as=fetch; crossorigin";

/* One that is compiled in; its sum "": it is never put into another. */
#define BUNDLE(path, type, body, sum, links)                   \
	{                                                      \
		path, type, body, sizeof(body) - 1, sum, links \
	}

static const struct bundle_file bundle_files[] = {
	BUNDLE("/", "text/html; charset=utf-8", bundle_page, "", bundle_links),
	BUNDLE("/app.js", bundle_javascript, bundle_script, bundle_script_sum, NULL),
	BUNDLE("/open.js", bundle_javascript, bundle_open, bundle_open_sum, NULL),
	BUNDLE("/plot.js", bundle_javascript, bundle_plot, bundle_plot_sum, NULL),
	BUNDLE("/style.css", "text/css; charset=utf-8", bundle_style, bundle_style_sum, NULL),
	BUNDLE("/icon.svg", "image/svg+xml", bundle_icon, "", NULL),
};
enum { BUNDLE_FILES = sizeof(bundle_files) / sizeof(*bundle_files) };

/* As gzip, made when the first is asked for; they stay. */
static struct bundle_packed bundle_packed_files[BUNDLE_FILES];
static pthread_once_t bundle_once = PTHREAD_ONCE_INIT;

const struct bundle_file *
bundle_find(const char *path)
{
	for (size_t i = 0; i < BUNDLE_FILES; i++) {
		if (strcmp(bundle_files[i].path, path) == 0)
			return &bundle_files[i];
	}
	return NULL;
}

static void
bundle_pack(void)
{
	for (size_t i = 0; i < BUNDLE_FILES; i++)
		bundle_packed_files[i].bytes = gzip_pack(bundle_files[i].body, bundle_files[i].len,
		    GZIP_SMALL, &bundle_packed_files[i].len);
}

const struct bundle_packed *
bundle_packed(const struct bundle_file *file)
{
	pthread_once(&bundle_once, bundle_pack);
	return &bundle_packed_files[file - bundle_files];
}

bool
bundle_is_whole(void)
{
	return sizeof(bundle_script) > 1;
}
