/** The named shadow `config` of this gateway's thing, read and written with the AWS SDK, which is loaded at the first use. */
import type { IoTDataPlaneClient } from '@aws-sdk/client-iot-data-plane';
import { CONFIG_SHADOW } from '../../../protocol/link/desired-config.ts';
import type { AwsCredentials } from './aws-device-credentials.ts';

interface AwsConfigShadowOptions {
  /** Also the name of the thing. */
  readonly gateway: string;
  readonly endpoint: string;
  readonly region: string;
  /** Default: the SDK's own chain. */
  readonly credentials?: () => Promise<AwsCredentials>;
}

interface AwsConfigShadow {
  /** Undefined while there is none. */
  read(): Promise<string | undefined>;
  write(document: string): Promise<void>;
  close(): void;
}

const ANSWER_TIMEOUT_MS = 15_000;

export function awsConfigShadow(options: AwsConfigShadowOptions): AwsConfigShadow {
  const { gateway: thingName, endpoint, region, credentials } = options;
  const shadowName = CONFIG_SHADOW;
  let client: IoTDataPlaneClient | undefined;
  const load = async () => {
    const sdk = await import('@aws-sdk/client-iot-data-plane');
    const requestHandler = { connectionTimeout: ANSWER_TIMEOUT_MS, requestTimeout: ANSWER_TIMEOUT_MS };
    const config = { endpoint, region, maxAttempts: 1, requestHandler };
    client ??= new sdk.IoTDataPlaneClient(credentials === undefined ? config : { ...config, credentials });
    return { sdk, client };
  };
  return {
    async read() {
      const { sdk, client } = await load();
      try {
        const { payload } = await client.send(new sdk.GetThingShadowCommand({ thingName, shadowName }));
        return payload === undefined ? undefined : Buffer.from(payload).toString('utf8');
      } catch (error) {
        if (error instanceof sdk.ResourceNotFoundException) return undefined;
        throw error;
      }
    },
    async write(document) {
      const { sdk, client } = await load();
      const payload = Buffer.from(document);
      await client.send(new sdk.UpdateThingShadowCommand({ thingName, shadowName, payload }));
    },
    close: () => client?.destroy(),
  };
}
