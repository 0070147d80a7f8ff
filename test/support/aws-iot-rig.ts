/** For the conformance suite of intakes: workers on SQS, gateways on MQTT, the stand-in for AWS between them. */
import { openIot, openQueue } from '../../cloud/intake/aws/aws-clients.ts';
import { SqsIntake } from '../../cloud/intake/aws/sqs-intake.ts';
import type { Intake, IntakeHandlers } from '../../cloud/intake/intake.ts';
import {
  type AwsIot,
  gatewayRule,
  presenceRule,
  startAwsIot,
  stateRule,
} from '../../firmware-sim/aws-iot/aws-iot.ts';
import type { PortOptions } from '../../firmware-sim/aws-iot/listeners.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';

const QUEUE = 'batches';
/** The suite sends faster than AWS takes; what the quotas do is tested beside the stand-in. */
const GENEROUS = { publishesPerSecond: 20_000, bytesPerSecond: 256 * 1024 * 1024, connectIntervalMs: 1 };

interface AwsIotRig {
  readonly mqttUrl: string;
  worker(handlers: IntakeHandlers): Promise<Intake>;
  /** With amnesia: sessions, queues and all that was in them are gone. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function openAwsIotRig(): Promise<AwsIotRig> {
  const clock = systemClock();
  const start = (ports: Partial<PortOptions>) =>
    startAwsIot({
      clock,
      ports,
      quotas: GENEROUS,
      rules: [gatewayRule('up', QUEUE), stateRule('state', QUEUE), presenceRule('presence', QUEUE)],
      // (Out of order only: the suite counts what comes once. Duplicates have a test of their own.)
      mischief: { duplicate: 0, reorder: 0.1, random: seededRandom(1, 'sqs') },
    });
  let aws: AwsIot = await start({});
  let workers = 0;
  return {
    mqttUrl: aws.mqttUrl,
    async worker(handlers) {
      const access = {
        region: aws.region,
        endpoints: { iot: aws.endpoint, sqs: aws.endpoint },
        credentials: aws.accessKey,
      };
      const queueUrl = aws.queueUrl(QUEUE);
      const { promise: connected, resolve } = Promise.withResolvers<void>();
      const intake = new SqsIntake({
        queueUrl,
        receivers: 4,
        visibilitySeconds: 30,
        deliveryShadow: 'over-https',
        directAcks: false,
        connect: async () => ({ queue: await openQueue(access, queueUrl), iot: await openIot(access) }),
        clock,
        random: seededRandom(workers++, 'intake'),
        onConnected: resolve,
      });
      await intake.start(handlers);
      await connected;
      return intake;
    },
    async restart() {
      const { ports } = aws;
      await aws.close();
      aws = await start(ports);
    },
    close: () => aws.close(),
  };
}
