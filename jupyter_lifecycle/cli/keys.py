"""``key``, ``sign`` and ``export``: whose signatures count, signing, and envelopes as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli.output import add_registry, registry_of
from jupyter_lifecycle.envelope import keys

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    _key(commands)
    sign = commands.add_parser(
        "sign",
        help="sign an envelope with your key",
        description="Sign an envelope with Ed25519; the signature is kept with it.",
    )
    sign.add_argument("id", help="the envelope's id or its first digits")
    sign.add_argument("--key", help="the key's name, or a .pem file")
    add_registry(sign)
    sign.set_defaults(run=_sign)
    export = commands.add_parser(
        "export",
        help="write an envelope as one file",
        description="Write an envelope as one .envelope file, with its signatures.",
    )
    export.add_argument("id", help="the envelope's id or its first digits")
    export.add_argument("path", help="the file")
    add_registry(export)
    export.set_defaults(run=_export)


def _key(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "key",
        help="keys that sign envelopes, and whose signatures count",
        description="A signature by a key that you trust lets an envelope's code run. The policy "
        "says for which envelopes one must be there.",
    )
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    create = verbs.add_parser("create", help="make a key to sign with; prints its public half")
    create.add_argument("name")
    create.set_defaults(run=_create)
    shown = verbs.add_parser("list", help="your keys, those you trust, and the policy")
    shown.set_defaults(run=_list)
    trust = verbs.add_parser("trust", help="trust somebody's public key")
    trust.add_argument("name")
    trust.add_argument("key", help="32 bytes in base64, as key list prints it")
    trust.add_argument(
        "--only", action="append", default=[], help="only for envelopes of such names: 'ltv*'"
    )
    trust.set_defaults(run=_trust)
    remove = verbs.add_parser("remove", help="trust a key no longer")
    remove.add_argument("name")
    remove.set_defaults(run=_remove)
    policy = verbs.add_parser("policy", help="when a signature is asked for")
    policy.add_argument(
        "--require",
        choices=keys.REQUIRE,
        help="elsewhere: of files and servers; always: of your own registry too",
    )
    policy.add_argument("--sign", metavar="NAME", help="sign every save with it; '' signs none")
    policy.set_defaults(run=_policy)


def _create(arguments: argparse.Namespace) -> int:
    print(keys.create_key(arguments.name))
    return 0


def _list(_: argparse.Namespace) -> int:
    found = keys.policy()
    for name, key in keys.own_keys().items():
        print(f"yours    {name}  {key}")
    for one in found.keys:
        print(f"trusted  {keys.shown(one)}")
    print(_said(found))
    return 0


def _trust(arguments: argparse.Namespace) -> int:
    found = keys.trust_key(arguments.name, arguments.key, tuple(arguments.only))
    print(f"Envelopes that {keys.shown(found)} signed may run now.")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    keys.distrust_key(arguments.name)
    print(f"{arguments.name} is trusted no longer.")
    return 0


def _policy(arguments: argparse.Namespace) -> int:
    print(_said(keys.set_policy(arguments.require, arguments.sign)))
    return 0


def _said(found: keys.Policy) -> str:
    words = {
        "never": "Signatures are not asked for.",
        "elsewhere": "Envelopes from files and servers must be signed by a trusted key.",
        "always": "Every envelope must be signed by a trusted key before it runs.",
    }
    signs = f" Saves are signed with {found.sign}." if found.sign else ""
    return words[found.require] + signs


def _sign(arguments: argparse.Namespace) -> int:
    with registry_of(arguments) as registry:
        envelope = registry.get(arguments.id)
        signature = registry.sign(envelope.id, arguments.key)
    print(f"{envelope.short_id} is signed by {signature.signer} ({signature.fingerprint}).")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    with registry_of(arguments) as registry:
        print(registry.get(arguments.id).export(arguments.path))
    return 0
