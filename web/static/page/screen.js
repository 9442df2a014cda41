// The screen: drawn anew, whole, whenever something that it shows has changed.

let draw = () => {};

export function drawnBy(how) {
  draw = how;
}

export function redraw() {
  draw();
}

// The element to go on from, once it is drawn; whoever uses the keyboard is not left nowhere.
export function focusOn(...selectors) {
  for (const selector of selectors) {
    const element = document.querySelector(selector);
    if (element) {
      element.focus();
      return;
    }
  }
}

// The same for when what now begins has ended. It takes its time: whoever has gone elsewhere meanwhile is not fetched back.
export function focusLater() {
  const from = document.activeElement;
  return (...selectors) => {
    if (document.activeElement === from || document.activeElement === document.body) focusOn(...selectors);
  };
}
