/** How a room's chart looks: colours from the style sheet, the band and the excursions painted under the lines. */
import type uPlot from 'uplot';
import { findMetric, METRICS } from '../../../../protocol/events/metrics.ts';
import { formatMeasure } from '../../shell/format.ts';
import { type Stretch, valueRange } from './chart-data.ts';

export interface ChartScene {
  /** Seconds since the epoch. */
  readonly time: [number, number];
  readonly limits: { readonly low: number | null; readonly high: number | null };
  readonly stretches: readonly Stretch[];
  readonly metric: string;
}

interface ChartLook {
  readonly names: readonly string[];
  /** Where the colours are read from. */
  readonly style: CSSStyleDeclaration;
  readonly scene: () => ChartScene;
  readonly tooltip: () => HTMLElement | null;
  readonly isDark: boolean;
}

/** Lines differ by dash as well as by colour. */
const DASHES: readonly number[][] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const FONT = '11px system-ui, sans-serif';
const TOOLTIP_OFFSET = 12;

export function chartOptions(look: ChartLook): Omit<uPlot.Options, 'width' | 'height'> {
  const { names, scene } = look;
  const color = (name: string) => look.style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--text-2'),
    font: FONT,
    grid: { stroke: color('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    padding: [8, 6, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: () => scene().time },
      y: { range: (_plot, min, max) => valueRange(min, max, scene().limits) },
    },
    axes: [
      { ...axis, space: 70, size: 28, values: '{HH}:{mm}' },
      {
        ...axis,
        size: 38,
        values: (_plot, splits) => splits.map((value) => axisText(value, scene().metric)),
      },
    ],
    series: [
      {},
      ...names.map((label, index) => ({
        label,
        stroke: color(`--line-${index % DASHES.length}`),
        width: 2,
        dash: DASHES[index % DASHES.length] ?? [],
        points: { show: false },
      })),
    ],
    hooks: {
      drawClear: [(plot) => paintScene(plot, scene(), color)],
      setCursor: [(plot) => showTooltip(plot, look)],
    },
  };
}

function axisText(value: number, metric: string): string {
  const known = findMetric(metric);
  return `${value}`.replace('-', '−') + (known === undefined ? '' : METRICS[known].sign);
}

type Color = (name: string) => string;

function paintScene(plot: uPlot, { limits, stretches, time }: ChartScene, color: Color): void {
  const { ctx, bbox } = plot;
  const density = window.devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();

  const bottom = bbox.top + bbox.height;
  const highAt = limits.high === null ? bbox.top : plot.valToPos(limits.high, 'y', true);
  const lowAt = limits.low === null ? bottom : plot.valToPos(limits.low, 'y', true);
  if (limits.high !== null || limits.low !== null) {
    ctx.fillStyle = color('--band');
    ctx.fillRect(bbox.left, highAt, bbox.width, lowAt - highAt);
  }

  ctx.font = `${11 * density}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  for (const { fromMs, toMs } of stretches) {
    const from = Math.max(plot.valToPos(fromMs / 1000, 'x', true), bbox.left);
    const to = plot.valToPos(toMs === null ? time[1] : toMs / 1000, 'x', true);
    if (to <= from) continue;
    ctx.fillStyle = color('--excursion');
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
    if (to - from < 70 * density) continue;
    ctx.fillStyle = color('--critical');
    ctx.fillText('Excursion', from + 6 * density, bbox.top + 5 * density);
  }

  ctx.strokeStyle = color('--critical');
  ctx.lineWidth = density;
  ctx.setLineDash([4 * density, 4 * density]);
  for (const at of [limits.high === null ? null : highAt, limits.low === null ? null : lowAt]) {
    if (at === null) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, at);
    ctx.lineTo(bbox.left + bbox.width, at);
    ctx.stroke();
  }
  ctx.restore();
}

function showTooltip(plot: uPlot, { names, scene, tooltip }: ChartLook): void {
  const element = tooltip();
  if (element === null) return;
  const { idx, left = -1 } = plot.cursor;
  const at = idx === null || idx === undefined ? undefined : plot.data[0][idx];
  if (at === undefined || idx === null || idx === undefined || left < 0) {
    element.hidden = true;
    return;
  }
  const values = names.flatMap((name, index) => {
    const value = plot.data[index + 1]?.[idx];
    return value === null || value === undefined
      ? []
      : [`${name} ${formatMeasure(Math.round(value * 1000), scene().metric)}`];
  });
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  element.textContent = [time.format(at * 1000), ...values].join('  ·  ');
  element.hidden = false;
  const x = plot.over.offsetLeft + left;
  const isRight = x > plot.width / 2;
  element.style.left = isRight ? '' : `${x + TOOLTIP_OFFSET}px`;
  element.style.right = isRight ? `${plot.width - x + TOOLTIP_OFFSET}px` : '';
}
