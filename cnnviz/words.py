"""Words for a reader: numbers as people say them, labels that differ."""

from itertools import count


def format_share(value: float) -> str:
    """A share from 0 to 1 with two digits behind the point, or with as many as it has, up to four.

    >>> format_share(0.9), format_share(0.985), format_share(1), format_share(1 / 3)
    ('0.90', '0.985', '1.00', '0.3333')
    """
    digits = f"{value:.4f}".rstrip("0")
    return max(digits, f"{value:.2f}", key=len)


def unique_labels(labels: dict[str, str]) -> dict[str, str]:
    """Returns labels that a number sets apart where they are equal: a choice is told by its label.

    >>> unique_labels({"a": "My data", "b": "Words", "c": "My data"})
    {'a': 'My data', 'b': 'Words', 'c': 'My data (2)'}
    """
    used: set[str] = set()
    result = {}
    for name, label in labels.items():
        unique_label = label
        for number in count(2):
            if unique_label not in used:
                break
            unique_label = f"{label} ({number})"
        used.add(unique_label)
        result[name] = unique_label
    return result


def format_duration(seconds: float) -> str:
    """A time span.

    >>> format_duration(0.42), format_duration(4.2), format_duration(75), format_duration(7300)
    ('0.4 s', '4 s', '1 min 15 s', '2 h 1 min')
    """
    if 0 < seconds < 1:
        return f"{seconds:.1f} s"
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
