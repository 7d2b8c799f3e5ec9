"""Write the golden list of tools anew: `python -m tests.mcp.golden`. Look at what has changed."""

import json

from tests.mcp.clients import ANA
from tests.mcp.test_tools import GOLDEN
from thoughtstream.faces.mcp.server import offered

if __name__ == "__main__":
    tools = offered(ANA, to_an_agent=True)
    plain = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in tools]
    GOLDEN.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n")
