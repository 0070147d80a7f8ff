/** A client that has events notified, and all antennas read. */
import { encodeMessage } from '../../../protocol/wire/llrp/codec.ts';
import { NOTIFICATION } from '../../../protocol/wire/llrp/config.ts';
import { LLRP_1_0_1 } from '../../../protocol/wire/llrp/framing.ts';
import {
  REPORT_TRIGGER,
  ROSPEC_STATE,
  START_TRIGGER,
  STOP_TRIGGER,
} from '../../../protocol/wire/llrp/rospec.ts';
import type { TalkTo } from '../talk.fixture.ts';

export const talkTo: TalkTo = () => ({
  bytes: [
    encodeMessage(
      'SET_READER_CONFIG',
      {
        ResetToFactoryDefault: false,
        ReaderEventNotificationSpec: {
          EventNotificationState: [{ EventType: NOTIFICATION.AntennaEvent, NotificationState: true }],
        },
      },
      1,
      LLRP_1_0_1,
    ),
    encodeMessage('ADD_ROSPEC', { ROSpec: allAntennas }, 2, LLRP_1_0_1),
    encodeMessage('ENABLE_ROSPEC', { ROSpecID: 1 }, 3, LLRP_1_0_1),
    encodeMessage('START_ROSPEC', { ROSpecID: 1 }, 4, LLRP_1_0_1),
  ],
});

const allAntennas = {
  ROSpecID: 1,
  Priority: 0,
  CurrentState: ROSPEC_STATE.Disabled,
  ROBoundarySpec: {
    ROSpecStartTrigger: { ROSpecStartTriggerType: START_TRIGGER.Null },
    ROSpecStopTrigger: { ROSpecStopTriggerType: STOP_TRIGGER.Null, DurationTriggerValue: 0 },
  },
  AISpec: [
    { AntennaIDs: [0], AISpecStopTrigger: { AISpecStopTriggerType: STOP_TRIGGER.Null, DurationTrigger: 0 } },
  ],
  ROReportSpec: {
    ROReportTrigger: REPORT_TRIGGER.NTagsOrEndOfAISpec,
    N: 1,
    TagReportContentSelector: {
      EnableROSpecID: false,
      EnableSpecIndex: false,
      EnableInventoryParameterSpecID: false,
      EnableAntennaID: true,
      EnableChannelIndex: false,
      EnablePeakRSSI: true,
      EnableFirstSeenTimestamp: false,
      EnableLastSeenTimestamp: true,
      EnableTagSeenCount: true,
      EnableAccessSpecID: false,
    },
  },
};
