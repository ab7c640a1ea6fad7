/** Keeps a canvas as large as its element, in pixels of the screen; `resized` is called when that changes. */
export interface SizedCanvas {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

export function sizeCanvas(canvas: HTMLCanvasElement, resized: () => void): SizedCanvas {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser can draw no 2D canvas');
  const size = {context, width: 0, height: 0};
  new ResizeObserver(([entry]) => {
    const {width = 0, height = 0} = entry?.contentRect ?? {};
    const ratio = devicePixelRatio;
    size.width = width;
    size.height = height;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    resized();
  }).observe(canvas);
  return size;
}
