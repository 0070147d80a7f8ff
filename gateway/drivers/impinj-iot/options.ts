/** Options of an Impinj reader on its IoT device interface in gateway.yaml. */
import * as z from 'zod';

/** An MQTT topic filter: `+` stands for a whole level, `#` only at the end. */
const TOPIC_FILTER = /^(?:(?:\+|[^+#/]*)\/)*(?:\+|#|[^+#/]*)$/;

export const impinjIotOptions = z.strictObject({
  /** The reader's `eventTopic`, or a filter for it. */
  topic: z
    .string()
    .min(1)
    .max(256)
    .regex(TOPIC_FILTER, 'an MQTT topic or filter: "+" stands for a whole level, "#" only at the end'),
  /**
   * True: the newest time in a message is taken for the moment it arrived, the others keep their distance from it,
   * so a reader's wrong clock does no harm. False: the reader's clock is good (NTP) and its times stand, also when
   * it delivers late what it had buffered.
   */
  adjustClock: z.boolean().default(true),
  /** Which level of a GPI port means "active": beam broken, door open. */
  gpiActive: z.enum(['high', 'low']).default('high'),
});

export type ImpinjIotOptions = z.infer<typeof impinjIotOptions>;
