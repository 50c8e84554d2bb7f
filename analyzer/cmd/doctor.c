#include "analyzer/cmd/doctor.h"

#include <stdlib.h>

#include "analyzer/util/xalloc.h"

void
doctor_add(
    struct doctor *doctor, enum doctor_level level, const char *what, char *text, char *advice)
{
	doctor->list = xgrow(doctor->list, &doctor->cap, doctor->count + 1, sizeof(*doctor->list));
	doctor->list[doctor->count++] = (struct doctor_finding){ level, what, text, advice };
}

enum doctor_level
doctor_worst(const struct doctor *doctor)
{
	enum doctor_level worst = DOCTOR_OK;

	for (size_t i = 0; i < doctor->count; i++)
		if (doctor->list[i].level > worst)
			worst = doctor->list[i].level;
	return worst;
}

void
doctor_release(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++) {
		free(doctor->list[i].text);
		free(doctor->list[i].advice);
	}
	free(doctor->list);
	*doctor = (struct doctor){ .list = NULL };
}
