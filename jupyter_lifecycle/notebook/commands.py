"""Every magic's words: what it takes and what its ``--help`` says; the docs are held to it."""

from __future__ import annotations

from jupyter_lifecycle.notebook.options import Command, Option

FEATURE = Command(
    "%%feature",
    "Make the functions of this cell features: a function's name is a column, its parameters are\n"
    "the columns it needs.",
    (
        Option("--tag", "a tag for all features of the cell", metavar="KEY=VALUE", repeat=True),
        Option(
            "--cache",
            "auto caches what is pure; always caches although the code was seen to be\n"
            "impure; never computes each time",
            choices=("auto", "always", "never"),
        ),
    ),
    "The cell runs once, in your namespace. Functions whose name starts with _ or that another\n"
    "decorator wraps, imports and constants stay plain Python. Running the cell again replaces\n"
    "what it defined last time.",
)

INPUTS = Command(
    "%inputs",
    "Give the columns that features start from.",
    (
        Option(
            "values",
            "a frame (each column becomes an input), any other value (an input of its name),\n"
            "or name=expression (one input, whatever it is)",
            metavar="VALUE",
            nargs="*",
        ),
    ),
    "Without arguments the inputs are listed. Examples:\n"
    "  %inputs flights weather=weather\n"
    "  %inputs late=flights[flights.dep_delay > 15]",
)

CONFIGURE = Command(
    "%configure",
    "Choose the configuration that config.when and resolve look at.",
    (
        Option(
            "values",
            "name=expression; all of the configuration, in place of what was there",
            metavar="NAME=VALUE",
            nargs="*",
        ),
        Option("--clear", "have no configuration", flag=True),
        Option(
            "--types",
            "whether values are compared with annotations when features are computed",
            choices=("off", "warn", "fail"),
        ),
    ),
    "The features of all cells are made again. Parameters of these names get the values. Without\n"
    "arguments the configuration is shown. Example:\n"
    "  %configure region='uk' lags=[1, 7]",
)

COMPUTE = Command(
    "%compute",
    "Compute features; only what changed runs, the rest comes from the cache.",
    (
        Option(
            "names",
            "features or inputs, patterns such as origin_*, a selection such as +x or\n"
            "tag:owner=pricing, or {expression} for a list of names",
            metavar="NAME",
            nargs="*",
        ),
        Option("--all", "every feature of the notebook", flag=True),
        Option("--into", "put the result into this variable", metavar="VARIABLE"),
        Option(
            "--result",
            "ask for a frame or a dict; otherwise the values decide",
            choices=("frame", "dict"),
        ),
        Option(
            "--executor",
            "where to compute: threads, dask, ray, or a variable that holds an executor",
            metavar="EXECUTOR",
        ),
    ),
    "Answers with the frame, so that it can stand behind an equals sign. Examples:\n"
    "  frame = %compute scheduled_minute route_* dep_delay\n"
    "  %compute {X} --into frame",
)

DAG = Command(
    "%dag",
    "Show the explorer of this notebook's features, live.",
    (
        Option(
            "names",
            "what to select at first; the whole graph where nothing is given",
            metavar="SELECTION",
            nargs="*",
        ),
        Option(
            "--against",
            "an envelope's id: show how the features differ from those it was saved with",
            metavar="ENVELOPE",
        ),
    ),
    "A selection is made of names and of:\n"
    "  +x   x+2   2+x+2       x with what it needs, two hops of what needs it, both\n"
    "  origin_*   prefix:     names like that\n"
    "  tag:owner=pricing      cell:4   status:stale   type:float*   kind:input\n"
    "  slow>1s   nulls>5%     rows>1M   bytes>10MB   parents=0   children=0\n"
    "  and  or  not  ( )      side by side means or\n"
    "Example: %dag +expected_delay and slow>100ms",
)

WHY = Command(
    "%why",
    "Say why a feature recomputed, or why it did not.",
    (Option("names", "features", metavar="FEATURE", nargs="+"),),
)

SAVE = Command(
    "%save",
    "Show the save panel; with a model, save it at once.",
    (
        Option("model", "the model or function, as an expression", metavar="MODEL", nargs="?"),
        Option("--name", "name of the envelope", metavar="NAME"),
        Option("--example", "rows it can score, as an expression", metavar="EXPRESSION"),
        Option("--tag", "a tag", metavar="KEY=VALUE", repeat=True),
        Option(
            "--metric", "a metric; the value is an expression", metavar="KEY=VALUE", repeat=True
        ),
    ),
    "Examples:\n"
    "  %save\n"
    "  %save model --name departure-delay --example frame[X].head(200) --metric mae=mae",
)

REGISTRY = Command(
    "%registry",
    "Show or choose the registry of this notebook.",
    (
        Option("location", "http(s) address or folder", metavar="LOCATION", nargs="?"),
        Option("--trust", "run code that this registry holds", flag=True),
    ),
    "A token is read from the environment, never from the notebook.",
)

DROP = Command(
    "%drop",
    "Remove features from the notebook; says who needed them.",
    (Option("names", "features", metavar="FEATURE", nargs="+"),),
)

EXPORT = Command(
    "%export",
    "Write the features as a plain module that production imports.",
    (
        Option("path", "the file, such as my_features.py", metavar="FILE"),
        Option(
            "--modifiers",
            "whose modifiers the module imports, where features have some",
            choices=("jupyter_lifecycle", "hamilton"),
        ),
    ),
    "Imports, constants, classes and helpers that features need stand before them. The module is\n"
    "run once before it is written: each feature in it has the key that it has here.",
)

IMPORT = Command(
    "%import",
    "Make the functions of a module features of this notebook.",
    (
        Option("module", "its name, or the path of its file", metavar="MODULE"),
        Option("--cell", "put its text into a %%feature cell below, to be edited", flag=True),
    ),
    "Run again, it loads a file that changed and replaces what the module defined last time.\n"
    "What %export wrote comes back with the same columns in the cache. Examples:\n"
    "  %import my_features\n"
    "  %import shared/features.py --cell",
)

CACHE = Command(
    "%cache",
    "Show, explain, pin, clear or leave the column cache.",
    (
        Option(
            "action",
            "status (default); explain says what is stored of a feature and why it is a hit;\n"
            "pin keeps its column whatever else must leave, unpin lets it go; clear removes\n"
            "all columns; off keeps columns in this kernel's memory only; on uses the disk\n"
            "again",
            metavar="ACTION",
            nargs="?",
            choices=("status", "explain", "pin", "unpin", "clear", "off", "on"),
        ),
        Option("names", "for explain, pin and unpin", metavar="FEATURE", nargs="*"),
    ),
    "The folder is $JUPYTER_LIFECYCLE_CACHE, else one in your cache folder.",
)

COMMANDS = (
    FEATURE,
    INPUTS,
    CONFIGURE,
    COMPUTE,
    DAG,
    WHY,
    SAVE,
    REGISTRY,
    DROP,
    EXPORT,
    IMPORT,
    CACHE,
)
