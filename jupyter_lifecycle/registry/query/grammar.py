"""The grammar, as lark reads it; docs/registry.md prints the same text (by test)."""

GRAMMAR = r"""
query     : condition? order?
order     : ORDER BY keys
keys      : key ("," key)*
key       : FIELD (ASC | DESC)?

?condition: either
?either   : both (OR both)*
?both     : inverse (AND inverse)*
?inverse  : NOT inverse             -> negation
          | "(" condition ")"       -> group
          | test

?test     : FIELD OPERATOR value    -> comparison
          | FIELD NOT? IN "(" value ("," value)* CLOSE   -> membership
          | FIELD NOT? LIKE TEXT    -> likeness
          | FIELD NOT? ILIKE TEXT   -> likeness
          | FIELD IS NOT? NULL      -> nullness
          | EXISTS FIELD            -> presence
          | FIELD                   -> presence
value     : TEXT | NUMBER

FIELD     : /(?:[^\W\d][\w-]*|`(?:[^`]|``)+`)(?:\.(?:[\w-]+|`(?:[^`]|``)+`))*(?:\( *[+-]?\d+ *\))?/
TEXT      : /'(?:[^']|'')*'|"(?:[^"]|"")*"/
NUMBER    : /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/
OPERATOR  : "=" | "!=" | "<>" | "<" | "<=" | ">" | ">="
CLOSE     : ")"

AND.2     : /and(?![\w.`-])/i
OR.2      : /or(?![\w.`-])/i
NOT.2     : /not(?![\w.`-])/i
IN.2      : /in(?![\w.`-])/i
LIKE.2    : /like(?![\w.`-])/i
ILIKE.2   : /ilike(?![\w.`-])/i
IS.2      : /is(?![\w.`-])/i
NULL.2    : /null(?![\w.`-])/i
EXISTS.2  : /exists(?![\w.`-])/i
ORDER.2   : /order(?![\w.`-])/i
BY.2      : /by(?![\w.`-])/i
ASC.2     : /asc(?![\w.`-])/i
DESC.2    : /desc(?![\w.`-])/i

%ignore /\s+/
"""

WORDS = {
    "FIELD": "a field",
    "TEXT": "a text in quotes",
    "NUMBER": "a number",
    "OPERATOR": "a comparison",
    "LPAR": "'('",
    "CLOSE": "')'",
    "COMMA": "','",
    "$END": "the end",
}
"""How an error message calls the terminals; the others are keywords and called by their name."""
