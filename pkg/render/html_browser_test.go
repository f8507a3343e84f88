package render

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser starts a headless Chromium for one test. Without one the test is
// skipped; on CI that is a failure.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed, and CI must look at the pages in a browser")
		}
		t.Skip("chromium is not installed: the pages were not looked at in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		// The pages are our own, and root, in a container, has no sandbox.
		chromedp.NoSandbox, chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx), "start chromium")
	return ctx
}

// viewport is how a page is looked at.
type viewport struct {
	name          string
	width, height int64
	scheme, media string
	pictured      bool // else only where pictures are kept: they take long
}

func viewports() []viewport {
	return []viewport{
		{"1280-light", 1280, 900, "light", "screen", true},
		{"1280-dark", 1280, 900, "dark", "screen", false},
		{"390-light", 390, 844, "light", "screen", true},
		{"390-dark", 390, 844, "dark", "screen", false},
		{"320-light", 320, 640, "light", "screen", false},
		// The width between the margins of A4 at 96 dots an inch. A dark
		// screen's owner prints black on white like anyone else.
		{"a4", 673, 1000, "dark", "print", true},
	}
}

func turnTo(t *testing.T, ctx context.Context, s viewport) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(s.width, s.height)))
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: s.media,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}}})
	require.NoError(t, err)
}

// finding is one thing that a reader would stumble over.
type finding struct{ What, Where string }

func (f finding) String() string { return f.What + ": " + f.Where }

// faults runs in the page. It finds what is wider than its place, and text that
// stands out too little from what is painted behind it.
const faults = `(() => {
  const found = [];
  const name = e => e.tagName.toLowerCase() + (e.className && e.className.baseVal === undefined ? '.' + e.className : '') + ' "' + e.textContent.trim().slice(0, 40) + '"';
  const add = (What, e) => found.length < 20 && found.push({What, Where: name(e)});
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) add('the page is ' + root.scrollWidth + ' wide, the screen ' + root.clientWidth, document.body);
  const shown = e => { const r = e.getBoundingClientRect(); return r.width > 1 && r.height > 1 && getComputedStyle(e).visibility !== 'hidden'; };
  const rgba = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
  const over = (f, b) => [0, 1, 2].map(i => f[i] * f[3] + b[i] * (1 - f[3])).concat(1);
  const behind = e => { const stack = []; for (; e; e = e.parentElement) stack.push(rgba(getComputedStyle(e).backgroundColor));
    return stack.reverse().reduce((b, f) => over(f, b), [255, 255, 255, 1]); };
  const lum = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  for (const e of document.body.querySelectorAll('*')) {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (style.display === 'none' || style.clipPath !== 'none' || e.closest('thead') && getComputedStyle(e.closest('thead')).clipPath !== 'none') continue;
    if (!(e instanceof SVGElement) && style.display !== 'inline' && !['auto', 'scroll'].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1) add('overflows by ' + (e.scrollWidth - e.clientWidth), e);
    if (shown(e) && (box.right > root.clientWidth + 1 || box.left < -1)) add('sticks out', e);
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !shown(e) || e instanceof SVGElement) continue;
    const back = behind(e), text = over(rgba(style.color), back);
    const [a, b] = [lum(text), lum(back)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) add('contrast ' + ratio.toFixed(2), e);
  }
  return JSON.stringify(found);
})()`

func faultsOf(t *testing.T, ctx context.Context, s viewport) []finding {
	t.Helper()
	turnTo(t, ctx, s)
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](faults))
	require.NoError(t, err)
	var found []finding
	require.NoError(t, json.Unmarshal([]byte(out), &found))
	return found
}

var pictures = flag.String("pictures", "", "a folder to keep screenshots and prints in, for a person to look at")

func open(t *testing.T, ctx context.Context, page string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(path, []byte(page), 0o600))
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("file://"+path)))
}

func TestNothingOverflowsAndAllTextIsLegibleOnEveryScreenAndOnPaper(t *testing.T) {
	ctx := browser(t)
	files, err := filepath.Glob("testdata/html/*.html")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".html")
		t.Run(name, func(t *testing.T) {
			page, err := os.ReadFile(file)
			require.NoError(t, err)
			open(t, ctx, string(page))
			for _, s := range viewports() {
				for _, f := range faultsOf(t, ctx, s) {
					t.Errorf("at %s: %s", s.name, f)
				}
				if s.pictured || *pictures != "" {
					keep(t, name+"-"+s.name+".png", picture(t, ctx, s))
				}
			}
			pdf := printed(t, ctx)
			require.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
			keep(t, name+".pdf", pdf)
		})
	}
}

// picture takes a screenshot of the whole page: as wide as the screen, or
// something sticks out.
func picture(t *testing.T, ctx context.Context, s viewport) []byte {
	t.Helper()
	data, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	size, err := png.DecodeConfig(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, int(s.width), size.Width, "the width of the picture at %s", s.name)
	return data
}

func keep(t *testing.T, name string, data []byte) {
	t.Helper()
	if *pictures != "" {
		require.NoError(t, os.WriteFile(filepath.Join(*pictures, name), data, 0o600))
	}
}

func printed(t *testing.T, ctx context.Context) []byte {
	t.Helper()
	pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground()))
	require.NoError(t, err)
	return pdf
}

func TestTheLookFindsWhatOverflowsAndWhatCannotBeRead(t *testing.T) {
	ctx := browser(t)
	open(t, ctx, `<!DOCTYPE html><body style="background:#fff;margin:0"><p id="pale" style="color:#aaa">pale</p>
<div style="width:50px"><pre>much too wide for its box</pre></div><p style="background:#000;color:#222">dark</p><div style="width:2000px">wide</div>`)
	var what []string
	for _, f := range faultsOf(t, ctx, viewports()[0]) {
		what = append(what, f.String())
	}
	all := strings.Join(what, "\n")
	for _, want := range []string{`contrast 2.32: p "pale"`, "overflows by", "the page is 2000 wide", `contrast 1.32: p "dark"`, `sticks out: div "wide"`} {
		require.Contains(t, all, want)
	}
}
