/**
 * What is known of device condition codes. The wire takes any code: one that does not stand here lasts until it is
 * taken back, and concerns a person.
 */

export interface DeviceConditionKind {
  readonly meaning: string;
  /** What to do about it. */
  readonly advice: string;
  /** It happens rather than lasts: no device ever says that it is over. Each is an event of its own. */
  readonly momentary?: true;
  /** The device lost readings and cannot say how many. */
  readonly losesUncounted?: true;
  /** A gap event of its own speaks of the loss, or nothing is lost yet: no matter for a person by itself. */
  readonly coveredByGaps?: true;
}

export const DEVICE_CONDITIONS = {
  DISCONNECTED: {
    meaning: 'The line to the device is down.',
    advice: 'Check its power, cable and address.',
  },
  SILENT: {
    meaning: 'The line stands, but nothing comes over it.',
    advice: 'Check that the device is switched on and set to send, and its serial settings.',
  },
  RATE_LIMITED: {
    meaning: 'The device sends more than is taken from one device.',
    advice: 'Let it report less often, or filter at the device; raise its limit if the pace is wanted.',
  },
  DISCARDED: {
    meaning: 'Bytes or readings of the device were discarded.',
    advice: 'See the reasons on the status page; noise on the line is a matter of cable and earthing.',
    momentary: true,
    coveredByGaps: true,
  },
  NO_REPLY: {
    meaning: 'A unit on the bus does not answer.',
    advice: 'Check its power, address and wiring; one bad unit can disturb the bus.',
  },
  READER_REFUSED: {
    meaning: 'The reader does not accept its settings.',
    advice: 'Compare the settings with what the detail names; update the firmware of an old reader.',
  },
  READER_BUFFER_WARNING: {
    meaning: 'The report buffer of the reader fills up.',
    advice: 'Nothing is lost yet: check the network to the reader.',
    momentary: true,
    coveredByGaps: true,
  },
  READER_BUFFER_OVERFLOW: {
    meaning: 'The report buffer of the reader overflowed, and reports are lost.',
    advice: 'Check the network to the reader, and count what passed meanwhile.',
    momentary: true,
    losesUncounted: true,
  },
  READER_EXCEPTION: {
    meaning: 'The reader reports an error of its own.',
    advice: "Look up the detail in the reader's manual.",
    momentary: true,
  },
  READER_CONTENDED: {
    meaning: 'Somebody else changes the settings of the reader.',
    advice: 'Find the other client and stop it: a reader serves one.',
    momentary: true,
  },
  ANTENNA_DISCONNECTED: {
    meaning: 'An antenna is not connected.',
    advice: 'Check its cable and plugs.',
  },
  BATTERY_LOW: { meaning: 'The battery runs out.', advice: 'Replace it.' },
  SENSOR_OFFLINE: {
    meaning: 'The bridge has lost the sensor.',
    advice: 'Check its battery, and the way of its radio.',
  },
  BRIDGE_OFFLINE: {
    meaning: 'The bridge between sensors and gateway is down.',
    advice: 'Check the computer that it runs on, and its radio stick.',
  },
  SENSOR_SILENT: {
    meaning: 'Nothing was heard of the probe for longer than it may be silent.',
    advice: 'Check battery, cable and radio of the probe.',
  },
  SENSOR_FAULT: {
    meaning: 'The probe says that it cannot measure.',
    advice: 'Check the probe and its cable, or replace it.',
  },
  OVERLOAD: { meaning: 'The load is above the range of the scale.', advice: 'Take the load off.' },
  UNDERLOAD: {
    meaning: 'The load is below the range of the scale.',
    advice: 'Check that the pan lies on it, and zero it.',
  },
  SCALE_ERROR: { meaning: 'The scale cannot weigh.', advice: 'Look at its display and into its manual.' },
  SCALE_DRIFT: {
    meaning: 'The scale rests below zero.',
    advice: 'Empty it and set it to zero.',
  },
  PHOTO_EYE_BLOCKED: {
    meaning: 'A photo-eye has been covered for longer than a pass lasts.',
    advice: 'Clear the door, clean and align the eye: directions are unknown meanwhile.',
  },
  JOURNAL_DISK_FULL: {
    meaning: 'The disk of the gateway is full.',
    advice: 'Make room: the reserve is in use, and what comes may be refused.',
  },
  JOURNAL_WAL_GROWING: {
    meaning: 'The log of the journal grows and cannot be moved into its file.',
    advice: 'Close what else has the file open, and check the disk.',
  },
} as const satisfies Record<string, DeviceConditionKind>;

/** What gateways of this version emit. */
export type DeviceConditionCode = keyof typeof DEVICE_CONDITIONS;

export const MOMENTARY_CONDITIONS = codesThat(({ momentary }) => momentary === true);
export const UNCOUNTED_LOSS_CONDITIONS = codesThat(({ losesUncounted }) => losesUncounted === true);
export const CONDITIONS_COVERED_BY_GAPS = codesThat(({ coveredByGaps }) => coveredByGaps === true);

function codesThat(does: (kind: DeviceConditionKind) => boolean): ReadonlySet<string> {
  return new Set(Object.entries(DEVICE_CONDITIONS).flatMap(([code, kind]) => (does(kind) ? [code] : [])));
}
