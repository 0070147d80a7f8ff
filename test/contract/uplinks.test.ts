import { afterEach, describe, expect, it } from 'vitest';
import type { UplinkHandlers } from '../../gateway/uplink/uplink.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { mosquittoFound } from '../support/engines.ts';
import { until } from '../support/processes.ts';
import {
  awsRig,
  GATEWAY,
  httpsRig,
  LIMIT_BYTES,
  memoryRig,
  mqtt5Rig,
  mqtt311Rig,
  SECRET,
  type UplinkRig,
} from './uplink/rigs.ts';

const ACK: Ack = { v: 1, gateway: GATEWAY, epoch: 'epoch-0001', lane: 'stock', upTo: 7 };

class UplinkWatch implements UplinkHandlers {
  readonly acks: Ack[] = [];
  connects = 0;
  disconnects = 0;
  /** What every carrier is asked again and again. */
  waiting = false;
  onConnected = () => {
    this.connects++;
  };
  onDisconnected = () => {
    this.disconnects++;
  };
  onAck = (ack: Ack) => {
    this.acks.push(ack);
  };
  awaitsAck = () => this.waiting;
}

interface UplinkKind {
  readonly name: string;
  readonly open: () => Promise<UplinkRig>;
  readonly found?: boolean;
  /** What its server can do: send anything as an ack, name a limit, refuse a stranger. */
  readonly can: readonly ('garble' | 'limit' | 'refuse')[];
}
const KINDS: readonly UplinkKind[] = [
  { name: 'in process', open: memoryRig, can: [] },
  { name: 'MQTT 3.1.1, embedded broker', open: mqtt311Rig, can: ['garble', 'refuse'] },
  { name: 'MQTT 5, Mosquitto', open: mqtt5Rig, found: mosquittoFound, can: ['garble', 'limit'] },
  { name: 'AWS IoT Core over MQTT', open: () => awsRig('mqtt'), can: ['garble', 'refuse'] },
  { name: 'AWS IoT Core over HTTPS', open: () => awsRig('https'), can: ['garble', 'refuse'] },
  { name: 'HTTPS', open: httpsRig, can: ['garble', 'limit', 'refuse'] },
];

const open: UplinkRig[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) await rig.close();
});

async function started(openRig: () => Promise<UplinkRig>): Promise<{ rig: UplinkRig; watch: UplinkWatch }> {
  const rig = await openRig();
  open.push(rig);
  const watch = new UplinkWatch();
  rig.uplink.start(watch);
  await until('the uplink to connect', () => rig.uplink.connected);
  return { rig, watch };
}

const texts = (rig: UplinkRig) => rig.received.map(({ text }) => text);

/** Publishes until one is taken: after a cut a carrier may need an attempt to find out. */
async function publishInTheEnd(rig: UplinkRig, text: string): Promise<void> {
  let taken = false;
  await until(`${text} to be taken`, async () => {
    if (!rig.uplink.connected) return false;
    await rig.uplink.publish('stock', Buffer.from(text)).then(
      () => {
        taken = true;
      },
      () => undefined,
    );
    return taken;
  });
}

for (const { name, open: openRig, found = true, can } of KINDS) {
  describe.runIf(found)(`uplink: ${name}`, () => {
    it('carries batches as they are, once each and to their lanes, and acks back', async () => {
      const { rig, watch } = await started(openRig);
      watch.waiting = true;
      const lanes = ['stock', 'condition', 'health'] as const;
      await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          rig.uplink.publish(lanes[n % 3] ?? 'stock', Buffer.from(`batch ${n}`)),
        ),
      );
      await until('all batches', () => rig.received.length >= 12);
      await until('an ack', () => watch.acks.some((ack) => ack.lane === 'stock'));
      expect(texts(rig).toSorted()).toEqual(Array.from({ length: 12 }, (_, n) => `batch ${n}`).toSorted());
      for (const { lane, text } of rig.received) expect(lane).toBe(lanes[Number(text.split(' ')[1]) % 3]);
      const { at: _, ...ack } = watch.acks.find(({ lane }) => lane === 'stock') ?? ACK;
      expect(JSON.parse(JSON.stringify(ack))).toEqual(ACK);
      expect(watch.disconnects).toBe(0);
    });

    it('a cut line is reported, fails what waits, and is used again when it is back', async () => {
      const { rig, watch } = await started(openRig);
      await publishInTheEnd(rig, 'before');
      rig.cut();
      await rig.uplink.publish('stock', Buffer.from('into the cut')).catch(() => undefined);
      await until('the cut to be noticed', () => watch.disconnects > 0);
      rig.restore();
      await publishInTheEnd(rig, 'after');
      await until('the last batch', () => texts(rig).includes('after'));
      expect(texts(rig)).not.toContain('into the cut');
    });

    it('a line that plays dead is given up, and what was put on it is not sent again by the carrier itself', async () => {
      const { rig, watch } = await started(openRig);
      await publishInTheEnd(rig, 'before');
      rig.freeze();
      const lost = rig.uplink.publish('stock', Buffer.from('into the void'));
      const failed = expect(lost).rejects.toThrow();
      rig.clock.giveUpWaiting();
      await failed;
      await until('the silence to be noticed', () => watch.disconnects > 0);
      rig.restore();
      let isBack = false;
      let looks = 0;
      const back = publishInTheEnd(rig, 'after').then(() => {
        isBack = true;
      });
      // Attempts that began while the line was dead wait for an answer, too.
      await until('the line to be back', () => {
        if (++looks % 20 === 0 && !isBack) rig.clock.giveUpWaiting();
        return isBack;
      });
      await back;
      expect(texts(rig)).not.toContain('into the void');
    });

    it('closed in the middle of a publish it settles it, and nothing more happens', async () => {
      const { rig, watch } = await started(openRig);
      await publishInTheEnd(rig, 'before');
      rig.freeze();
      let settled = name === 'in process';
      rig.uplink.publish('stock', Buffer.from('half way')).then(
        () => {
          settled = true;
        },
        () => {
          settled = true;
        },
      );
      const closing = rig.uplink.close();
      rig.clock.giveUpWaiting();
      await closing;
      await until('the publish to settle', () => settled);
      const { connects } = watch;
      rig.restore();
      await expect(rig.uplink.publish('stock', Buffer.from('too late'))).rejects.toThrow();
      expect(rig.uplink.connected).toBe(false);
      expect(watch.connects).toBe(connects);
    });

    it('rebuilt on demand it comes back and carries on', async () => {
      const { rig, watch } = await started(openRig);
      await publishInTheEnd(rig, 'before');
      rig.uplink.restart('stuck');
      await until('it to be back', () => watch.disconnects > 0 && rig.uplink.connected);
      await publishInTheEnd(rig, 'after');
      await until('the batch', () => texts(rig).includes('after'));
    });

    if (can.includes('garble'))
      it('counts what is no ack, and hears the next one', async () => {
        const { rig, watch } = await started(openRig);
        watch.waiting = true;
        const { reply } = rig;
        rig.reply = () => 'no ack';
        await publishInTheEnd(rig, 'first');
        await until('the bad ack', () => (rig.uplink.malformedAcks ?? 0) > 0);
        rig.reply = reply;
        await publishInTheEnd(rig, 'second');
        await until('the good ack', () => watch.acks.length > 0);
      });

    if (can.includes('limit'))
      it('what is larger than the server takes is refused, the limit is known then, and smaller ones pass', async () => {
        const { rig } = await started(openRig);
        await expect(rig.uplink.publish('stock', Buffer.alloc(LIMIT_BYTES + 1, 'x'))).rejects.toThrow();
        const limit = rig.uplink.maxBatchBytes ?? Number.POSITIVE_INFINITY;
        expect(limit).toBeLessThanOrEqual(LIMIT_BYTES);
        await publishInTheEnd(rig, 'y'.repeat(limit));
        await until('the largest batch', () => texts(rig).some((text) => text.length === limit));
      });

    if (can.includes('refuse'))
      it('one that is not welcome says why, and never shows a secret', async () => {
        const rig = await openRig();
        open.push(rig);
        const { unwelcome, refusal } = rig;
        if (unwelcome === undefined || refusal === undefined) throw new Error('nobody is unwelcome');
        unwelcome.start(new UplinkWatch());
        await until('the reason', async () => {
          if (unwelcome.connected)
            await unwelcome.publish('stock', Buffer.from('unwelcome')).catch(() => undefined);
          return refusal.test(unwelcome.state);
        });
        expect(unwelcome.state).not.toContain(SECRET);
        expect(unwelcome.state).not.toContain('another-secret-token');
        expect(rig.received).toEqual([]);
        await unwelcome.close();
      });
  });
}
