// The start of the page.

import { render } from "preact";
import { takeTokenFromAddress } from "./api";
import { App } from "./app";
import { show, theme } from "./theme";
import { language } from "./words";
import "uplot/dist/uPlot.min.css";
import "./styles.css";

takeTokenFromAddress();
show(theme());
document.documentElement.lang = language();
render(<App />, document.getElementById("app")!);
