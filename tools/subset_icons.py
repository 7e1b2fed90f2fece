"""Makes the icon font that a browser gets: Streamlit's own, with the icons that the app and Streamlit's scripts name.

Streamlit's has four thousand icons in 370 KB, which a browser on a slow line waits three seconds for.

pip install fonttools brotli
python tools/subset_icons.py
"""

import re
from collections.abc import Iterable
from pathlib import Path

import streamlit
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

ROOT = Path(__file__).parents[1]
STREAMLIT_FILES = Path(streamlit.__file__).parent / "static" / "static"
FONT, NAMES = ROOT / "static" / "material-symbols-used.woff2", ROOT / "static" / "material-symbols-used.txt"
ICON = re.compile(r":material/(\w+):")


def used_icons() -> set[str]:
    """Returns the names of all icons that the app and Streamlit's scripts mention."""
    sources = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "cnnviz").rglob("*.py")]
    sources += STREAMLIT_FILES.glob("js/*.js")
    return {name for path in sources for name in ICON.findall(path.read_text(encoding="utf-8"))}


def keep_ligatures(font: TTFont, names: Iterable[str]) -> set[str]:
    """Removes the ligatures of all other names, which make icons of them; returns the names that are left."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    wanted, found = set(names), set[str]()
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for subtable in lookup.SubTable:
            substitution = getattr(subtable, "ExtSubTable", subtable)
            for first, ligatures in list(substitution.ligatures.items()):
                kept = []
                for ligature in ligatures:
                    name = "".join(letters.get(glyph, "?") for glyph in (first, *ligature.Component))
                    if name in wanted:
                        kept.append(ligature)
                        found.add(name)
                substitution.ligatures[first] = kept
                if not kept:
                    del substitution.ligatures[first]
    return found


def main() -> None:
    """Writes the font, and the names in it."""
    font = TTFont(next(STREAMLIT_FILES.glob("media/MaterialSymbols-Rounded.*.woff2")))
    names = keep_ligatures(font, used_icons())
    options = Options()
    options.layout_features = ["*"]
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(set("".join(names)))))  # icons follow from the ligatures of these letters
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(FONT)
    NAMES.write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    print(f"{len(names)} icons, {FONT.stat().st_size:,} bytes; not in the font: {sorted(used_icons() - names)}")


if __name__ == "__main__":
    main()
