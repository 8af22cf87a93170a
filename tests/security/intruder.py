"""python -m tests.security.intruder ADDRESS …: another process that tries to run code at each.

With nothing, with no encryption, and with certificates of its own making; prints what let it in.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import Any

from distributed.comm import connect
from distributed.protocol import to_serialize
from distributed.security import Security


def planted() -> str:
    return "ran"


def context(security: Security | None) -> dict[str, Any]:
    """How to connect: plainly, or encrypted with the certificates given, whoever answers."""
    if security is None:
        return {}
    args = security.get_connection_args("client")
    found = args["ssl_context"] or ssl.create_default_context()
    found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
    return {**args, "ssl_context": found}


async def enter(address: str, security: Security | None) -> None:
    """Do what a client does first: connect, shake hands, ask who is there, send code."""
    comm = await connect(address, timeout=4, **context(security))
    await comm.write({"op": "identity", "reply": True})
    await comm.read()
    await comm.write({"op": "run_function", "function": to_serialize(planted), "reply": True})
    comm.abort()


async def main(addresses: list[str]) -> None:
    for address in addresses:
        plain = address.replace("tls://", "tcp://")
        for at, security in ((plain, None), (address, Security()), (address, Security.temporary())):
            try:
                await asyncio.wait_for(enter(at, security), timeout=6)
            except (OSError, TimeoutError, TypeError):
                continue
            sys.stdout.write(f"entered {at}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
