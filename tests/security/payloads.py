"""Words that somewhere are taken for orders; each names evil.example where it can."""

EVIL = "http://evil.example"

TEXTS = (
    "[/]",
    "[red]red[/red] [bold",
    f"[link={EVIL}]here[/link]",
    ":warning: :smile: :red[hot]",
    f"![picture]({EVIL}/p.png)",
    f"![ref][a]\n\n[a]: {EVIL}/r.png",
    f"[harmless]({EVIL}/link)",
    f"<{EVIL}/auto>",
    f'<img src="{EVIL}/i.png" onerror="alert(1)">',
    f"</script><script src='{EVIL}/s.js'></script>",
    f"<a href='{EVIL}'>a</a> & &lt; &amp;",
    "**bold** _it_ ~~gone~~ `code` $x^2$ # not a heading",
    "# heading\n- list\n> quote\n1. one",
    "| a | b |\n| --- | --- |\n| c | d |",
    f'=HYPERLINK("{EVIL}","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "\uff1d1+1",
    "%{x} {gap} {0} {{}} %s",
    "tail\\",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x07 \x9b2J",
    "abc\u202egnp.exe\u2066",
    "\"quoted\", 'single'; comma",
)
