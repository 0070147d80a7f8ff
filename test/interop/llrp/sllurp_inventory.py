"""Inventories a reader with sllurp and prints, as JSON, what it saw. Arguments: host, port, seconds.

sllurp asks for LLRP 1.0.1, an immediate ROSpec whose AISpec ends after every tag, and reports at the end of each
AISpec. In the middle it reads two words of TID from the first five tags that come.
"""
import json
import sys
import threading
import time

from sllurp.llrp import C1G2Read, LLRPReaderClient, LLRPReaderConfig, LLRPReaderState

host, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
lock = threading.Lock()
tags, tids = {}, []


def on_report(_reader, reports):
    with lock:
        for report in reports:
            epc = report["EPC"]
            epc = epc.decode() if isinstance(epc, bytes) else epc
            seen = tags.setdefault(epc.lower(), {"reports": 0, "reads": 0})
            seen["reports"] += 1
            seen["reads"] += report["TagSeenCount"]
            result = report.get("C1G2ReadOpSpecResult")
            if result is not None:
                tids.append([result["Result"], bytes(result["ReadData"]).hex()])


config = LLRPReaderConfig(
    {
        "antennas": [1, 2],
        "session": 0,
        "report_every_n_tags": 1,
        "report_timeout_ms": 1000,
        "keepalive_interval": 2000,
    }
)
reader = LLRPReaderClient(host, port, config)
reader.add_tag_report_callback(on_report)
reader.connect()
time.sleep(seconds / 2)
reader.start_access_spec(C1G2Read(OpSpecID=9, MB=2, WordPtr=0, WordCount=2), stop_after_count=5)
time.sleep(seconds / 2)
inventorying = reader.llrp.state == LLRPReaderState.STATE_INVENTORYING
modes = reader.llrp.capabilities["RegulatoryCapabilities"]["UHFBandCapabilities"]["UHFC1G2RFModeTable"]
reader.disconnect(timeout=5)
print(json.dumps({"tags": tags, "tids": tids, "inventorying": inventorying, "modes": len(modes)}))
