/** Ways in which a device could get its acknowledgement too early, or the gateway could drop what the journal refused. */
import type { Mutation } from '../mutation.ts';

const GATE = 'gateway/transports/broker-gate.ts';
const RELEASE = 'gateway/transports/ordered-release.ts';
const HUB = 'gateway/app/devices/sensing-hub.ts';
const OUTBOX = 'gateway/app/devices/durable-outbox.ts';

const INTAKE = 'gateway/transports/site-broker/message-intake.ts';
const ORIGIN = 'gateway/transports/site-broker/message-origin.ts';

const INTAKE_TEST = 'gateway/transports/site-broker/message-intake.test.ts';
const BROKER_TEST = 'gateway/transports/device-broker.test.ts';
const OUTBOX_TEST = 'gateway/app/devices/durable-outbox.test.ts';

export const DEVICE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'puback-before-the-handler',
    breaks: 'a device gets its PUBACK only when its message was taken',
    edits: [{ file: GATE, from: 'else await taken;', to: 'else taken.catch(() => {});' }],
    judge: BROKER_TEST,
  },
  {
    name: 'puback-before-the-commit',
    breaks: 'a device gets its PUBACK only when everything its message led to is durable',
    edits: [
      {
        file: HUB,
        from: 'return work.length === 0 ? undefined : Promise.all(work).then(() => {});',
        to: 'for (const each of work) each.catch(() => {});\n      return undefined;',
      },
    ],
    judge: 'gateway/app/durable-answer.test.ts',
  },
  {
    name: 'pubacks-out-of-order',
    breaks: 'a device gets its PUBACKs in the order of its messages',
    edits: [
      {
        file: RELEASE,
        from: 'this.#tail = this.#tail.then(async () => release(await outcome));',
        to: 'this.#tail = outcome.then(release);',
      },
    ],
    judge: 'gateway/transports/ordered-release.test.ts',
  },
  {
    name: 'refused-message-acknowledged',
    breaks: 'a message that could not be taken is not acknowledged',
    edits: [{ file: GATE, from: 'done(error ?? null);', to: 'done(null);' }],
    judge: BROKER_TEST,
  },
  {
    name: 'site-puback-before-the-handler',
    breaks: 'a broker of the site gets the PUBACK only when the message was taken',
    edits: [
      {
        file: INTAKE,
        from: '    return taken;\n',
        to: '    taken?.catch(() => {});\n    return undefined;\n',
      },
    ],
    judge: INTAKE_TEST,
  },
  {
    name: 'site-repeated-message-taken-twice',
    breaks: 'a message whose answer was lost is not taken again',
    edits: [{ file: INTAKE, from: 'dup ? taken.find(identified) : undefined', to: 'undefined' }],
    judge: INTAKE_TEST,
  },
  {
    name: 'site-queue-believed-live',
    breaks: 'what a broker held back is not taken for live',
    edits: [
      { file: ORIGIN, from: "return this.#subscribed ? 'unknown' : 'replayed';", to: "return 'live';" },
    ],
    judge: 'gateway/transports/site-broker/message-origin.test.ts',
  },
  {
    name: 'refused-append-dropped',
    breaks: 'what the journal refused is offered again',
    edits: [{ file: OUTBOX, from: 'else hold(one);', to: 'else refuse(one, error);' }],
    judge: OUTBOX_TEST,
  },
  {
    name: 'refused-appends-shuffled',
    breaks: 'what the journal refused goes in again in its old order',
    edits: [
      {
        file: OUTBOX,
        from: 'held.toSorted((a, b) => a.order - b.order)',
        to: 'held.toSorted((a, b) => b.order - a.order)',
      },
    ],
    judge: OUTBOX_TEST,
  },
  {
    name: 'refusal-not-reported',
    breaks: 'what had to be refused is reported as a gap',
    edits: [{ file: OUTBOX, from: 'if (losses.size === 0) return;', to: 'if (losses.size >= 0) return;' }],
    judge: OUTBOX_TEST,
  },
];
