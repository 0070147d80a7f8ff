/** Ways in which the forwarder could prune too early, send under other names, or not send again. */
import type { Mutation } from '../mutation.ts';

const FORWARDER = 'gateway/uplink/forwarder/forwarder.ts';
const LANE_SENDER = 'gateway/uplink/forwarder/lane-sender.ts';
const FITTING = 'gateway/uplink/forwarder/batch-fitting.ts';
const SCHEDULE = 'gateway/uplink/forwarder/schedule.ts';

const PACKER = 'gateway/uplink/forwarder/batch-packer.ts';
const SENDING = 'gateway/uplink/forwarder/batch-sending.ts';

const FORWARDER_TEST = 'gateway/uplink/forwarder/forwarder.test.ts';
const SCHEDULE_TEST = 'gateway/uplink/forwarder/schedule.test.ts';

export const FORWARDER_MUTATIONS: readonly Mutation[] = [
  {
    name: 'prune-on-puback',
    breaks: "nothing is pruned before the cloud's own ack; a broker's answer is none",
    edits: [
      {
        file: SENDING,
        from: 'this.#parts.onSettled(failure);',
        to: 'this.#parts.onSettled(failure, lane, batch.lastSeq);',
      },
      {
        file: SENDING,
        from: 'readonly onSettled: (failure: string | undefined) => void;',
        to: 'readonly onSettled: (failure: string | undefined, lane?: Lane, upTo?: number) => void;',
      },
      {
        file: FORWARDER,
        from: 'onSettled: (failure) => {',
        to: 'onSettled: (failure, lane, upTo) => {\n        if (failure === undefined && lane !== undefined && upTo !== undefined)\n          this.#onAck({ v: 1, gateway, epoch: this.#epoch, lane, upTo });',
      },
    ],
    judge: FORWARDER_TEST,
  },
  {
    name: 'out-of-date-status-believed',
    breaks: 'what is appended while the journal is asked is sent too',
    edits: [
      {
        file: FORWARDER,
        from: 'if (epoch === status.epoch) this.#lanes',
        to: 'if (epoch === "") this.#lanes',
      },
    ],
    judge: FORWARDER_TEST,
  },
  {
    name: 'prune-what-was-sent',
    breaks: 'nothing is pruned above the ack',
    edits: [{ file: FORWARDER, from: 'const upTo = sender.floor;', to: 'const upTo = sender.cursor;' }],
    judge: FORWARDER_TEST,
  },
  {
    name: 'ack-of-another-epoch',
    breaks: 'an ack of another epoch acks nothing',
    edits: [{ file: FORWARDER, from: ' && epoch === this.#epoch', to: '' }],
    judge: FORWARDER_TEST,
  },
  {
    name: 'ack-of-another-gateway',
    breaks: 'an ack of another gateway acks nothing',
    edits: [{ file: FORWARDER, from: 'gateway === own && ', to: '' }],
    judge: FORWARDER_TEST,
  },
  {
    name: 'ack-of-a-twin',
    breaks: 'an ack to another opening of the journal acks nothing',
    edits: [{ file: FORWARDER, from: ' && (boot === undefined || boot === journal.boot.id)', to: '' }],
    judge: FORWARDER_TEST,
  },
  {
    name: 'ack-beyond-the-lane',
    breaks: 'an ack of what was never written acks nothing',
    edits: [{ file: LANE_SENDER, from: "if (upTo > this.lastSeq) return { kind: 'out-of-range' };", to: '' }],
    judge: FORWARDER_TEST,
  },
  {
    name: 'batch-covers-what-it-does-not-hold',
    breaks: 'a batch covers only what it holds or what a gap event declares',
    edits: [{ file: FITTING, from: 'lastSeq = records.at(-1)?.seq ?? lastSeq;', to: '' }],
    judge: 'gateway/uplink/forwarder/batch-fitting.test.ts',
  },
  {
    name: 'oversize-given-up-in-silence',
    breaks: 'an event that fits no batch is reported as a gap',
    edits: [
      { file: PACKER, from: 'append({ events: [gap], put', to: 'append({ events: [gap].slice(1), put' },
    ],
    judge: FORWARDER_TEST,
  },
  {
    name: 'lost-link-not-sent-again',
    breaks: 'what was under way when the link broke goes again',
    edits: [{ file: LANE_SENDER, from: 'this.recut(0, nowMs);', to: '' }],
    judge: FORWARDER_TEST,
  },
  {
    name: 'silence-not-answered',
    breaks: 'a batch that gets no ack is sent again',
    edits: [
      {
        file: SCHEDULE,
        from: 'index === unsent || (index === 0 && !batch.publishing) ?',
        to: 'index === unsent ?',
      },
    ],
    judge: FORWARDER_TEST,
  },
  {
    name: 'window-counted-by-puback',
    breaks: 'the window counts what the cloud has not acked, not what the broker has not taken',
    edits: [
      {
        file: SCHEDULE,
        from: 'sum + lanes[one].inFlight.length, 0)',
        to: 'sum + lanes[one].inFlight.filter((batch) => batch.publishing).length, 0)',
      },
      {
        file: SCHEDULE,
        from: 'view.inFlight.length >= perLane',
        to: 'view.inFlight.filter((batch) => batch.publishing).length >= perLane',
      },
    ],
    judge: SCHEDULE_TEST,
  },
  {
    name: 'restart-begins-behind-the-unacked',
    breaks: 'after a restart everything above the pruned floor is sent again',
    edits: [
      { file: LANE_SENDER, from: 'this.cursor = status.prunedUpTo;', to: 'this.cursor = status.lastSeq;' },
    ],
    judge: FORWARDER_TEST,
  },
  {
    name: 'refused-journal-goes-on',
    breaks: 'a journal that the cloud has refused is not sent or pruned any more',
    edits: [
      {
        file: FORWARDER,
        from: 'if (ack.refused !== undefined || this.#refusal.of(ack.epoch) !== undefined) {',
        to: 'if (ack.refused === null) {',
      },
      {
        file: FORWARDER,
        from: ' || this.#refusal.of(this.#epoch) !== undefined) return false;',
        to: ') return false;',
      },
    ],
    judge: 'gateway/uplink/forwarder/forwarder-link.test.ts',
  },
  {
    name: 'nothing-ready-by-a-real-clock',
    breaks: 'what is due is sent, by a clock that moves on between two looks',
    edits: [
      {
        file: FORWARDER,
        from: 'this.#publisher.readyAtMs(bytes, live, now)',
        to: 'this.#publisher.readyAtMs(bytes, live, this.#now())',
      },
    ],
    judge: 'gateway/uplink/forwarder/real-clock.test.ts',
  },
];
