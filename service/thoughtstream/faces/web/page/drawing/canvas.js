// Canvases in CSS pixels, sharp on any screen.

import { palette } from './colours.js';

export const FONT = '12.5px system-ui, Inter, "Noto Sans", sans-serif';

/** A cleared sheet: its context, width and height. */
export function sheet(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}

/** A small curve that fills its canvas. */
export function curve(canvas, values, ink = 'ink-2') {
  const [context, width, height] = sheet(canvas);
  const most = Math.max(...values, 1);
  context.strokeStyle = palette[ink];
  context.lineWidth = 1.25;
  context.beginPath();
  values.forEach((value, i) => {
    const x = (i / Math.max(values.length - 1, 1)) * (width - 2) + 1;
    context.lineTo(x, height - 2 - (value / most) * (height - 4));
  });
  context.stroke();
}
