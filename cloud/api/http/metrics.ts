/** Prometheus figures of this cloud in a registry of its own: the counters of every part, and the HTTP answers. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import * as z from 'zod';
import { type Api, type ApiContext, answers } from './api.ts';

export function metricsRoute(app: Api, { status }: Pick<ApiContext, 'status'>): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'tallyport_process_' });
  const seconds = new Histogram({
    name: 'tallyport_http_request_seconds',
    help: 'Time to answer, by route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const gauges = new Map<string, Gauge>();

  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    seconds.labels(request.method, route, String(reply.statusCode)).observe(reply.elapsedTime / 1000);
  });
  app.addHook('onClose', async () => registry.clear());

  app.get(
    '/metrics',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Prometheus metrics; scrape with a viewer token',
        tags: ['operations'],
        produces: ['text/plain'],
        response: answers(200, z.string()),
      },
    },
    async (_request, reply) => {
      for (const [counter, value] of Object.entries(status().counters)) {
        const name = metricName(counter);
        const gauge =
          gauges.get(name) ??
          new Gauge({ name, help: `${counter} as in /api/v1/status`, registers: [registry] });
        gauges.set(name, gauge);
        gauge.set(value);
      }
      reply.type(registry.contentType);
      return await registry.metrics();
    },
  );
}

/** `eventsTaken` and `ingest.eventsTaken` become `tallyport_events_taken` and `tallyport_ingest_events_taken`. */
function metricName(counter: string): string {
  const snake = counter.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/[^a-zA-Z0-9]+/g, '_');
  return `tallyport_${snake.toLowerCase()}`;
}
