"""Numbers and tables as Markdown has them."""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def number(value, digits):
    if value is None:
        return ""
    text = "%.*f" % (digits, value)
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def spread(values, digits):
    if values is None:
        return ""
    return "%s (%s to %s)" % tuple(number(values[key], digits) for key in ("median", "min", "max"))


def ns(row, name="ns_per_event"):
    value = row.get(name)
    if value is not None and abs(value) >= 10000:
        return f"{number(value / 1000, 0)} k"
    return number(value, 0 if value is None or abs(value) >= 10 else 1)
