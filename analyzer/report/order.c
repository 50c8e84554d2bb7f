#include "analyzer/report/order.h"

#include <stddef.h>
#include <string.h>

struct order {
	const char *name;
	const char *column;
};

const char order_names[] = "cost, blocks, bytes, peak or saved";

const char *
order_find(const char *name)
{
	static const struct order orders[] = {
		{ "cost", "cost_ns.total" },
		{ "blocks", "blocks.estimated" },
		{ "bytes", "bytes.estimated" },
		{ "peak", "peak.bytes" },
		{ "saved", "saved.cost_ns" },
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		if (strcmp(orders[i].name, name) == 0)
			return orders[i].column;
	}
	return NULL;
}
