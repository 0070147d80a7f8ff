/** Options of a Zigbee2MQTT bridge in gateway.yaml. One device is one bridge with all its sensors. */
import * as z from 'zod';

export const zigbee2MqttOptions = z.strictObject({
  /** Zigbee2MQTT's `mqtt.base_topic`. */
  baseTopic: z
    .string()
    .max(128)
    .regex(/^[^+#/]+(?:\/[^+#/]+)*$/, 'a topic without wildcards, such as "zigbee2mqtt"')
    .default('zigbee2mqtt'),
});

export type Zigbee2MqttOptions = z.infer<typeof zigbee2MqttOptions>;
