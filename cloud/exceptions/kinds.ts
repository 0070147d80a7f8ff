/**
 * The kinds of exception, as data: how bad one is unless its cause says otherwise, what its line says and what to do about
 * it. `{…}` in a title is filled from the exception (title.ts). `until` says what ends it: an episode of the
 * engine (not resolvable while that stands), a condition that a machine sees come and go, or only a person.
 */
export type Severity = 'info' | 'warning' | 'critical';

interface KindDefinition {
  readonly severity: Severity;
  readonly title: string;
  readonly advice: string;
  readonly until: 'episode' | 'condition' | 'person';
  readonly raisedBy: ExceptionSource;
}

/**
 * Where an exception comes from, and with that what a rebuild does to it:
 * - `events`: the fold of all events; taken back, and raised again where they still say so;
 * - `episodes`, `device-conditions`: evaluated again by those who raise them, who withdraw what is no longer so;
 * - `deliveries`: how batches came, which no event says; it stays;
 * - `wall-clock`: what did not come; it stays until data comes again.
 */
type ExceptionSource = 'events' | 'episodes' | 'device-conditions' | 'deliveries' | 'wall-clock';

export const EXCEPTION_KINDS = {
  TEMP_HIGH: {
    severity: 'critical',
    title: 'Too warm in {place}: {peak}, limit {limit}',
    advice:
      'Close the doors, check the cooling unit, move the goods if it stays warm; held goods wait for quality.',
    until: 'episode',
    raisedBy: 'episodes',
  },
  TEMP_LOW: {
    severity: 'critical',
    title: 'Too cold in {place}: {peak}, limit {limit}',
    advice: 'Check the thermostat and the defrost; goods that must not freeze wait for quality.',
    until: 'episode',
    raisedBy: 'episodes',
  },
  HUMIDITY_HIGH: {
    severity: 'warning',
    title: 'Too humid in {place}: {peak}, limit {limit}',
    advice: 'Check door seals and the dehumidifier; look for condensation on the goods.',
    until: 'episode',
    raisedBy: 'episodes',
  },
  HUMIDITY_LOW: {
    severity: 'warning',
    title: 'Too dry in {place}: {peak}, limit {limit}',
    advice: 'Check the humidifier and the ventilation.',
    until: 'episode',
    raisedBy: 'episodes',
  },
  SENSOR_SILENT: {
    severity: 'warning',
    title: 'No data from {point}',
    advice: 'Check battery, cable and radio of the probe; until it speaks the room counts as unknown.',
    until: 'condition',
    raisedBy: 'wall-clock',
  },
  SENSOR_FAULT: {
    severity: 'warning',
    title: '{point} cannot measure: {condition}',
    advice: 'Check the probe and its cable, or replace it; until then the room counts as unknown.',
    until: 'condition',
    raisedBy: 'device-conditions',
  },
  GATEWAY_SILENT: {
    severity: 'critical',
    title: 'Gateway {subject} is silent',
    advice: 'Check its power and network; it keeps what it sees and will send it when it is back.',
    until: 'condition',
    raisedBy: 'wall-clock',
  },
  DATA_GAP: {
    severity: 'warning',
    title: 'Data lost: {subject}',
    advice: 'Treat the time of the gap as unknown and count what may have moved.',
    until: 'person',
    raisedBy: 'events',
  },
  DIRECTION_UNKNOWN: {
    severity: 'warning',
    title: 'A pass at {point} without a known direction',
    advice: 'Ask the crew which way the goods went and correct the location.',
    until: 'person',
    raisedBy: 'events',
  },
  READ_POINT_UNKNOWN: {
    severity: 'warning',
    title: 'Events from {subject}, which this site does not know',
    advice: 'Add the read point to the site description, or correct its name at the gateway.',
    until: 'person',
    raisedBy: 'events',
  },
  EVENT_KIND_UNKNOWN: {
    severity: 'warning',
    title: 'Gateway {subject} sends events of a kind that this version does not know: {type}',
    advice:
      'Update the cloud and run its command rebuild: the events are kept and take effect then, nothing of them is lost.',
    until: 'condition',
    raisedBy: 'events',
  },
  SHIPMENT_SHORT: {
    severity: 'warning',
    title: 'Shipment {subject} is short',
    advice: 'Count the goods at the door again and notify the partner of what is missing.',
    until: 'condition',
    raisedBy: 'events',
  },
  SHIPMENT_OVER: {
    severity: 'warning',
    title: 'Shipment {subject} has more than expected',
    advice: 'Check the extra goods against the papers before they are put away.',
    until: 'condition',
    raisedBy: 'events',
  },
  HOLD_VIOLATED: {
    severity: 'critical',
    title: 'Goods on hold have left: {subject}',
    advice: 'Stop the vehicle or call the receiver; quality decides before the goods are used.',
    until: 'person',
    raisedBy: 'events',
  },
  BODY_MISMATCH: {
    severity: 'critical',
    title: 'Two different events under one number from {subject}',
    advice: 'Keep the gateway as it is and look at both in the dead letters; the first one stands.',
    until: 'person',
    raisedBy: 'deliveries',
  },
  LEDGER_BEHIND: {
    severity: 'critical',
    title: 'Events of {subject} that it has already pruned are missing here',
    advice: 'The database was set back: restore a newer backup, or count the stock.',
    until: 'person',
    raisedBy: 'deliveries',
  },
  JOURNAL_FORKED: {
    severity: 'critical',
    title: 'The journal of {subject} was copied or set back; what it sends is not taken',
    advice:
      'Find out whether a second computer runs with this gateway’s card, image or backup, and shut it down; then start the gateway again: it begins a new journal and sends what waits.',
    until: 'person',
    raisedBy: 'deliveries',
  },
  GATEWAY_REVOKED_TRAFFIC: {
    severity: 'critical',
    title: 'Somebody uses the revoked identity of gateway {subject}',
    advice:
      'Nothing of it is taken: find who has it, a thief, or the true gateway that must be enrolled again.',
    until: 'person',
    raisedBy: 'deliveries',
  },
  CLOCK_UNSYNCED: {
    severity: 'warning',
    title: '{events} events of {subject} wait for a good clock',
    advice:
      'Give the gateway a time source (NTP), or a link on which acks take less than two seconds; what waits takes effect by itself then.',
    until: 'condition',
    raisedBy: 'wall-clock',
  },
  CLOCK_ESTIMATED: {
    severity: 'warning',
    title: 'Times of {subject} are estimates: it ran without ever learning the time',
    advice:
      'Check passes and excursions marked as estimated against other records, and give the gateway a time source (NTP) or a battery-backed clock.',
    until: 'person',
    raisedBy: 'events',
  },
  DEVICE_FAULT: {
    severity: 'warning',
    title: '{subject}: {condition}',
    advice: 'Look at the device on the gateway page; reads may be missing while this stands.',
    until: 'condition',
    raisedBy: 'device-conditions',
  },
} as const satisfies Record<string, KindDefinition>;

export type ExceptionKind = keyof typeof EXCEPTION_KINDS;

type KindsRaisedBy<Source extends ExceptionSource> = {
  [Kind in ExceptionKind]: (typeof EXCEPTION_KINDS)[Kind]['raisedBy'] extends Source ? Kind : never;
}[ExceptionKind];

/** Kinds that the fold of all events raises. */
export type EventExceptionKind = KindsRaisedBy<'events'>;

export const EVENT_EXCEPTION_KINDS: readonly string[] = Object.entries(EXCEPTION_KINDS)
  .filter(([, kind]) => kind.raisedBy === 'events')
  .map(([name]) => name);

/** Kinds of an excursion: their exception cannot be resolved while the episode stands. */
export const EPISODE_KINDS: readonly string[] = Object.entries(EXCEPTION_KINDS)
  .filter(([, kind]) => kind.until === 'episode')
  .map(([name]) => name);

export function kindOf(name: string): KindDefinition | undefined {
  const kinds: Readonly<Record<string, KindDefinition>> = EXCEPTION_KINDS;
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}
