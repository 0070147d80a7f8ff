/** Writes the shadow `delivery` of a gateway as the cloud does. */
import { IoTDataPlaneClient, UpdateThingShadowCommand } from '@aws-sdk/client-iot-data-plane';
import type { AwsIot } from '../../../firmware-sim/aws-iot/aws-iot.ts';

interface ShadowClient {
  /** `acks` of the lane; anything, to see how it is taken. */
  write(lane: string, ack: unknown): Promise<void>;
  close(): void;
}

export function shadowClient(iot: AwsIot, thingName: string): ShadowClient {
  const { endpoint, region, accessKey } = iot;
  const client = new IoTDataPlaneClient({ endpoint, region, credentials: accessKey });
  return {
    async write(lane, ack) {
      const desired = { at: Date.now(), acks: { [lane]: ack } };
      const payload = Buffer.from(JSON.stringify({ state: { desired } }));
      await client.send(new UpdateThingShadowCommand({ thingName, shadowName: 'delivery', payload }));
    },
    close: () => client.destroy(),
  };
}
