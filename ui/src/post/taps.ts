/** Two quick touches or clicks on the same spot. Safari tells no dblclick, so they are counted here. */

const APART_MS = 300
const APART_PX = 32

export function doubleTap(then: (x: number, y: number) => void): (event: PointerEvent) => void {
  let last = { time: -Infinity, x: 0, y: 0 }
  return (event) => {
    const { timeStamp: time, clientX: x, clientY: y } = event
    const twice = time - last.time < APART_MS && Math.hypot(x - last.x, y - last.y) < APART_PX
    last = { time: twice ? -Infinity : time, x, y }
    if (twice) then(x, y)
  }
}
