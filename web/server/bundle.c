#include "web/server/bundle.h"

#include <string.h>

static const char bundle_page[] =
#include "web/page/index_html.inc"
    ;
static const char bundle_script[] =
#include "web/page/app_js.inc"
    ;
static const char bundle_style[] =
#include "web/page/style_css.inc"
    ;
static const char bundle_icon[] =
#include "web/page/icon_svg.inc"
    ;
static const char bundle_script_sum[] =
#include "web/page/app_js_sum.inc"
    ;
static const char bundle_style_sum[] =
#include "web/page/style_css_sum.inc"
    ;

/* As the script will ask for them, which takes until it runs. */
static const char bundle_links[] = "</api/first?run=1>; rel=preload; as=fetch; crossorigin, "
				   "</api/info?run=1>; rel=preload; as=fetch; crossorigin, "
				   "</api/state?>; rel=preload; as=fetch; crossorigin";

static const struct bundle_file bundle_files[] = {
	{ "/", "text/html; charset=utf-8", bundle_page, sizeof(bundle_page) - 1, "", bundle_links },
	{ "/app.js", "text/javascript; charset=utf-8", bundle_script, sizeof(bundle_script) - 1,
	    bundle_script_sum, NULL },
	{ "/style.css", "text/css; charset=utf-8", bundle_style, sizeof(bundle_style) - 1,
	    bundle_style_sum, NULL },
	{ "/icon.svg", "image/svg+xml", bundle_icon, sizeof(bundle_icon) - 1, "", NULL },
};

const struct bundle_file *
bundle_find(const char *path)
{
	for (size_t i = 0; i < sizeof(bundle_files) / sizeof(*bundle_files); i++) {
		if (strcmp(bundle_files[i].path, path) == 0)
			return &bundle_files[i];
	}
	return NULL;
}

bool
bundle_is_whole(void)
{
	return sizeof(bundle_script) > 1;
}
