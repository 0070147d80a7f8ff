"""Inventories a reader with pyllrp and prints, as JSON, what it saw. Arguments: host, port, seconds.

An immediate ROSpec of two AISpecs, one that ends after 700 ms and one that ends after three attempts, reported at the
end of each; an AccessSpec reads two words of TID from every tag, every time.
"""
import json
import sys
import time

from pyllrp.LLRPConnector import LLRPConnector
from pyllrp.pyllrp import *

host, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
tags, tids = {}, []


def hex_of(value):
    return f"{value:x}" if isinstance(value, int) else bytes(value).hex()


def on_report(_connector, message):
    for report in message.Parameters:
        epc, reads = None, 0
        for part in report.Parameters:
            if isinstance(part, (EPCData_Parameter, EPC_96_Parameter)):
                epc = hex_of(part.EPC)
            elif isinstance(part, TagSeenCount_Parameter):
                reads = part.TagCount
            elif isinstance(part, C1G2ReadOpSpecResult_Parameter):
                tids.append([part.Result, "".join(f"{word:04x}" for word in part.ReadData)])
        seen = tags.setdefault(epc, {"reports": 0, "reads": 0})
        seen["reports"] += 1
        seen["reads"] += reads


def must(response):
    assert response.success(), response
    return response


def ai_spec(trigger):
    inventory = InventoryParameterSpec_Parameter(
        InventoryParameterSpecID=1, ProtocolID=AirProtocols.EPCGlobalClass1Gen2
    )
    return AISpec_Parameter(AntennaIDs=[0], Parameters=[trigger, inventory])


for_a_time = AISpecStopTrigger_Parameter(
    AISpecStopTriggerType=AISpecStopTriggerType.Duration, DurationTrigger=700
)
by_attempts = AISpecStopTrigger_Parameter(
    AISpecStopTriggerType=AISpecStopTriggerType.Tag_Observation,
    Parameters=[
        TagObservationTrigger_Parameter(
            TriggerType=TagObservationTriggerType.N_Attempts_To_See_All_Tags_In_FOV_Or_Timeout,
            NumberOfAttempts=3,
            Timeout=2000,
        )
    ],
)
rospec = ROSpec_Parameter(
    ROSpecID=123,
    CurrentState=ROSpecState.Disabled,
    Parameters=[
        ROBoundarySpec_Parameter(
            Parameters=[
                ROSpecStartTrigger_Parameter(ROSpecStartTriggerType=ROSpecStartTriggerType.Immediate),
                ROSpecStopTrigger_Parameter(ROSpecStopTriggerType=ROSpecStopTriggerType.Null),
            ]
        ),
        ai_spec(for_a_time),
        ai_spec(by_attempts),
        ROReportSpec_Parameter(
            ROReportTrigger=ROReportTriggerType.Upon_N_Tags_Or_End_Of_AISpec,
            N=0,
            Parameters=[
                TagReportContentSelector_Parameter(
                    EnableAntennaID=True,
                    EnableFirstSeenTimestamp=True,
                    EnablePeakRSSI=True,
                    EnableTagSeenCount=True,
                    EnableAccessSpecID=True,
                )
            ],
        ),
    ],
)
accessspec = AccessSpec_Parameter(
    AccessSpecID=5,
    AntennaID=0,
    ProtocolID=AirProtocols.EPCGlobalClass1Gen2,
    CurrentState=False,
    ROSpecID=0,
    Parameters=[
        AccessSpecStopTrigger_Parameter(AccessSpecStopTrigger=AccessSpecStopTriggerType.Null),
        AccessCommand_Parameter(
            Parameters=[
                C1G2TagSpec_Parameter(
                    Parameters=[C1G2TargetTag_Parameter(MB=1, Match=True, Pointer=0, TagMask=b"", TagData=b"")]
                ),
                C1G2Read_Parameter(OpSpecID=1, AccessPassword=0, MB=2, WordPointer=0, WordCount=2),
            ]
        ),
    ],
)

with LLRPConnector() as connector:
    connector.connect(host, port)
    must(connector.transact(SET_READER_CONFIG_Message(ResetToFactoryDefault=True)))
    capabilities = must(
        connector.transact(GET_READER_CAPABILITIES_Message(RequestedData=GetReaderCapabilitiesRequestedData.All))
    )
    must(connector.transact(GET_READER_CONFIG_Message(RequestedData=GetReaderConfigRequestedData.All)))
    must(connector.transact(DELETE_ACCESSSPEC_Message(AccessSpecID=0)))
    must(connector.transact(DELETE_ROSPEC_Message(ROSpecID=0)))
    connector.addHandler(RO_ACCESS_REPORT_Message, on_report)
    must(connector.transact(ADD_ACCESSSPEC_Message(Parameters=[accessspec])))
    must(connector.transact(ENABLE_ACCESSSPEC_Message(AccessSpecID=5)))
    must(connector.transact(ADD_ROSPEC_Message(Parameters=[rospec])))
    must(connector.transact(ENABLE_ROSPEC_Message(ROSpecID=123)))
    connector.startListener()
    time.sleep(seconds)
    connector.stopListener()
    kept = must(connector.transact(GET_ACCESSSPECS_Message()))
    must(connector.transact(DISABLE_ROSPEC_Message(ROSpecID=123)))
    must(connector.transact(DELETE_ROSPEC_Message(ROSpecID=123)))
    must(connector.transact(DELETE_ACCESSSPEC_Message(AccessSpecID=5)))
    specs = [each for each in kept.Parameters if isinstance(each, AccessSpec_Parameter)]
    modes = capabilities.getFirstParameterByClass(C1G2UHFRFModeTable_Parameter)

print(json.dumps({"tags": tags, "tids": tids, "inventorying": len(specs) == 1, "modes": len(modes.Parameters)}))
