/** The live chart of one room: a line per probe, the allowed band, and the stretches that were out of it. */
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import { type Room, samplesSchema } from '../../../contract/rooms.ts';
import { useOnDemand, useResource, useServerNow, useSite } from '../../shell/context.ts';
import { formatTime, metricName } from '../../shell/format.ts';
import { ProblemNote } from '../../shell/problem-note.tsx';
import { chartLine, excursions, innermostLimits, timeRange } from './chart-data.ts';
import { type ChartScene, chartOptions } from './chart-options.ts';

/** A sample moves the line by a pixel: once a second is live enough. */
const REFRESH_EVERY_MS = 1000;

interface RoomChartProps {
  readonly room: Room;
  readonly metric: string;
  readonly windowMs: number;
}

export function RoomChart({ room, metric, windowMs }: RoomChartProps) {
  const { data } = useSite();
  const probes = room.probes.filter((probe) => probe.metric === metric);
  const points = probes.map(({ readPoint }) => readPoint);
  const [asked] = useState({ points });
  const samples = useOnDemand({
    name: 'samples',
    everyMs: REFRESH_EVERY_MS,
    topics: ['sample'],
    concerns: ({ readPoint }) => readPoint === undefined || asked.points.includes(readPoint),
    load: async () => {
      const now = data.now();
      const from = Number.isNaN(now) ? {} : { from: new Date(now - windowMs).toISOString() };
      return await Promise.all(
        asked.points.map((readPoint) =>
          data.api.get('/samples', samplesSchema, { readPoint, metric, ...from }),
        ),
      );
    },
  });
  const exceptions = useResource(data.exceptions).data;
  const now = useServerNow();
  const lines = useMemo(
    () =>
      (samples.data ?? []).map(({ points: own }) => chartLine(own)).filter(([seconds]) => seconds.length > 0),
    [samples.data],
  );
  if (samples.problem && samples.data === undefined) return <ProblemNote problem={samples.problem} />;
  if (lines.length === 0 || Number.isNaN(now)) {
    return (
      <p className="empty chart-empty">
        {samples.data === undefined || lines.length > 0
          ? 'Loading samples…'
          : emptyText(probes.some(({ sampledAt }) => sampledAt !== null))}
      </p>
    );
  }
  const firstMs = Math.min(...lines.map(([seconds]) => (seconds[0] ?? 0) * 1000));
  const scene: ChartScene = {
    time: timeRange(firstMs, now, windowMs),
    limits: innermostLimits(probes),
    stretches: excursions(exceptions ?? [], room.location, metric),
    metric,
  };
  return (
    <Plot
      lines={lines}
      names={probes.map(({ name }) => name)}
      scene={scene}
      label={`${metricName(metric)} in ${room.name} since ${formatTime(scene.time[0] * 1000, now)}`}
    />
  );
}

function emptyText(hasSpoken: boolean): string {
  return hasSpoken ? 'No sample in the time shown.' : 'The line appears with the first sample.';
}

interface PlotProps {
  readonly lines: readonly ReturnType<typeof chartLine>[];
  readonly names: readonly string[];
  readonly scene: ChartScene;
  readonly label: string;
}

const HEIGHT = 190;

/** uPlot draws outside of React: made once per set of lines and colour scheme, then only fed. */
function Plot({ lines, names, scene, label }: PlotProps) {
  const holder = useRef<HTMLDivElement>(null);
  const tooltip = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const current = useRef(scene);
  const scheme = useColorScheme();
  const [width, setWidth] = useState(0);
  const table = useMemo(() => uPlot.join(lines.map((line) => [...line])), [lines]);
  const nameList = names.join('\n');
  current.current = scene;

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const isReady = width > 0;
  useEffect(() => {
    const element = holder.current;
    if (element === null || !isReady) return;
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        ...chartOptions({
          names: nameList.split('\n'),
          style: getComputedStyle(element),
          scene: () => current.current,
          tooltip: () => tooltip.current,
          isDark: scheme === 'dark',
        }),
      },
      undefined,
      element,
    );
    plot.current = made;
    return () => {
      plot.current = undefined;
      made.destroy();
    };
  }, [nameList, scheme, isReady]);

  useEffect(() => {
    if (isReady) plot.current?.setSize({ width, height: HEIGHT });
  }, [width, isReady]);

  // Drawn anew with each second of the scene as well as with new samples.
  useEffect(() => {
    if (scene.time[1] > 0 && isReady && scheme !== undefined) plot.current?.setData(table);
  }, [table, scene, isReady, scheme]);

  return (
    <div className="chart" role="img" aria-label={label}>
      <div ref={holder} className="chart-holder" style={{ height: HEIGHT }} />
      <div ref={tooltip} className="chart-tooltip" hidden />
    </div>
  );
}

function useColorScheme(): 'light' | 'dark' {
  const query = useMemo(() => window.matchMedia('(prefers-color-scheme: dark)'), []);
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const follow = () => setDark(query.matches);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, [query]);
  return isDark ? 'dark' : 'light';
}
