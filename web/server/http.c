#include "config.h"

#include "web/server/http.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "analyzer/util/err.h"

struct http http;

int
http_load(struct err *err)
{
	static const char *const names[] = {
#define HTTP_NAME(name) "MHD_" #name,
		HTTP_CALLS(HTTP_NAME)
#undef HTTP_NAME
	};
	void *const places[] = {
#define HTTP_PLACE(name) &http.name,
		HTTP_CALLS(HTTP_PLACE)
#undef HTTP_PLACE
	};
	/* the name has the version of the interface; it is not closed, as its threads may live */
	void *library = dlopen(ESC_MICROHTTPD, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return err_set(err, "no HTTP library: %s; --html=OUT needs none", dlerror());
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		void *found = dlsym(library, names[i]);

		if (!found)
			return err_set(err, "no HTTP library: %s", dlerror());
		memcpy(places[i], &found, sizeof(found));
	}
	return 0;
}
