/**
 * The uplink to AWS IoT Core over HTTPS, for where MQTT is blocked: `Publish` of the AWS SDK's data-plane client, QoS 1,
 * to the same topics and in the same form as over MQTT, so that a batch sent both ways counts once. Acks: shadow-acks.ts.
 * The SDK is loaded when the first batch goes; it repeats nothing by itself (one attempt per call).
 */
import type { IoTDataPlaneClient, IoTDataPlaneClientConfig } from '@aws-sdk/client-iot-data-plane';
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { PauseLimits } from '../carrier-pause.ts';
import { HttpCarrier, type HttpExchange, type SendOutcome } from '../http-carrier.ts';
import type { Uplink, UplinkHandlers } from '../uplink.ts';
import type { AwsCredentials } from './aws-device-credentials.ts';
import { awsBatchTopic } from './aws-mqtt-uplink.ts';
import { ShadowAcks } from './shadow-acks.ts';

interface AwsHttpsUplinkOptions {
  /** Also the name of the thing. */
  readonly gateway: string;
  /** `https://xxxxxxxx-ats.iot.<region>.amazonaws.com`. */
  readonly endpoint: string;
  readonly region: string;
  /** Default: the SDK's own chain (environment, files, instance role …). */
  readonly credentials?: () => Promise<AwsCredentials>;
  readonly rule?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoffMs?: PauseLimits;
  readonly answerTimeoutMs?: number;
}

const DELIVERY_SHADOW = 'delivery';

export function createAwsHttpsUplink(options: AwsHttpsUplinkOptions): Uplink {
  return new AwsHttpsLink(options);
}

/** The HTTP carrier, and beside it the acks. */
class AwsHttpsLink implements Uplink {
  readonly #options: AwsHttpsUplinkOptions;
  readonly #exchange: PublishExchange;
  readonly #carrier: HttpCarrier;
  #acks: ShadowAcks | undefined;
  #malformedAcks = 0;
  #pollTrouble: string | undefined;

  constructor(options: AwsHttpsUplinkOptions) {
    const { clock, random, backoffMs, answerTimeoutMs } = options;
    this.#options = options;
    this.#exchange = new PublishExchange(options);
    this.#carrier = new HttpCarrier(this.#exchange, {
      clock,
      random,
      ...(backoffMs === undefined ? {} : { backoffMs }),
      ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
    });
  }

  get connected(): boolean {
    return this.#carrier.connected;
  }

  get state(): string {
    const { state } = this.#carrier;
    return this.#pollTrouble === undefined ? state : `${state}; acks cannot be read: ${this.#pollTrouble}`;
  }

  get failures(): number {
    return this.#carrier.failures;
  }

  get malformedAcks(): number {
    return this.#malformedAcks;
  }

  get maxBatchBytes(): number | undefined {
    return this.#carrier.maxBatchBytes;
  }

  start(handlers: UplinkHandlers): void {
    const { gateway, clock } = this.#options;
    this.#acks = new ShadowAcks({
      gateway,
      clock,
      read: async () => {
        const document = await this.#exchange.readShadow();
        this.#pollTrouble = undefined;
        return document;
      },
      onAck: handlers.onAck,
      onMalformed: () => {
        this.#malformedAcks++;
      },
      onFailed: (error) => {
        this.#pollTrouble = describeAwsError(error).words;
      },
      awaitsAck: () => handlers.awaitsAck?.() ?? true,
    });
    this.#carrier.start(handlers);
  }

  async publish(lane: Lane, payload: Uint8Array): Promise<void> {
    await this.#carrier.publish(lane, payload);
    this.#acks?.expect();
  }

  restart(reason: string): void {
    this.#carrier.restart(reason);
  }

  async close(): Promise<void> {
    this.#acks?.close();
    await this.#carrier.close();
  }
}

type Sdk = typeof import('@aws-sdk/client-iot-data-plane');

class PublishExchange implements HttpExchange {
  readonly #options: AwsHttpsUplinkOptions;
  #sdk: Promise<Sdk> | undefined;
  #client: IoTDataPlaneClient | undefined;
  readonly address: string;

  constructor(options: AwsHttpsUplinkOptions) {
    this.#options = options;
    this.address = `${new URL(options.endpoint).origin} (AWS IoT)`;
  }

  async send(lane: Lane, payload: Uint8Array, signal: AbortSignal): Promise<SendOutcome> {
    const { gateway, rule } = this.#options;
    const { sdk, client } = await this.#load();
    const topic = awsBatchTopic(gateway, lane, rule);
    try {
      await client.send(new sdk.PublishCommand({ topic, qos: 1, payload }), { abortSignal: signal });
      return { kind: 'taken', acks: [], malformed: false };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const { status, words } = describeAwsError(error);
      if (status === undefined) throw error;
      if (status === 413) return { kind: 'too-large', words };
      return { kind: 'not-now', words, afterMs: undefined };
    }
  }

  /** Undefined while the cloud has written none. */
  async readShadow(): Promise<string | undefined> {
    const { sdk, client } = await this.#load();
    const { clock, answerTimeoutMs, gateway: thingName } = this.#options;
    const abort = new AbortController();
    const timer = clock.setTimer(answerTimeoutMs ?? 15_000, 'shadow answer', () => abort.abort());
    try {
      const command = new sdk.GetThingShadowCommand({ thingName, shadowName: DELIVERY_SHADOW });
      const { payload } = await client.send(command, { abortSignal: abort.signal });
      return payload === undefined ? undefined : Buffer.from(payload).toString('utf8');
    } catch (error) {
      if (error instanceof sdk.ResourceNotFoundException) return undefined;
      throw error;
    } finally {
      timer.cancel();
    }
  }

  reset(): void {
    this.#client?.destroy();
    this.#client = undefined;
  }

  async #load(): Promise<{ sdk: Sdk; client: IoTDataPlaneClient }> {
    this.#sdk ??= import('@aws-sdk/client-iot-data-plane');
    const sdk = await this.#sdk;
    const { endpoint, region, credentials } = this.#options;
    const config: IoTDataPlaneClientConfig = { endpoint, region, maxAttempts: 1 };
    this.#client ??= new sdk.IoTDataPlaneClient(
      credentials === undefined ? config : { ...config, credentials },
    );
    return { sdk, client: this.#client };
  }
}

/** `status` undefined: no answer came. */
function describeAwsError(error: unknown): { status: number | undefined; words: string } {
  if (!(error instanceof Error)) return { status: undefined, words: String(error) };
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number }) : {};
  const status = metadata.httpStatusCode;
  const said = error.message === '' ? error.name : `${error.name}: ${error.message}`;
  switch (status) {
    case 401:
    case 403:
      return {
        status,
        words: `AWS refuses: check the credentials, their policy and this gateway’s clock (${said})`,
      };
    case 429:
      return { status, words: `AWS asks to slow down (${said})` };
    case undefined:
      return { status, words: `AWS answers nothing (${said})` };
    default:
      return { status, words: `AWS answers ${status} (${said})` };
  }
}
