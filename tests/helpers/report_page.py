"""Reading a report back, for tests of all kinds of it."""

import base64
import gzip
import json
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """What is in a report: ids, tags, resources, text; complains of tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.tags, self.resources, self.open, self.scripts = [], [], [], [], {}
        self.pictures = 0
        self.text, self.words = text, ""
        self.feed(text)
        assert self.open == []
        self.payload = json.loads(gzip.decompress(base64.b64decode(self.scripts["payload"])))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.resources += [
            found[key] for key in ("src", "srcset", "data", "poster", "action") if key in found
        ]
        self.resources += [found["href"]] if tag != "a" and "href" in found else []
        assert not any(key.startswith("on") for key in found)
        self.pictures += tag == "img" and "src" in found
        if tag not in VOID:
            self.open.append((tag, found.get("id", "")))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "script":
            self.scripts[self.open[-1][1]] = data
        elif self.open and self.open[-1][0] != "style":
            self.words += data
