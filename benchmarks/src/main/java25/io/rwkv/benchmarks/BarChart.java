package io.rwkv.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** Groups of bars as an SVG picture, one row of them for each panel, each panel with a scale of its own. */
final class BarChart {
    private static final String[] COLOURS = {"#4c78a8", "#54a24b", "#f58518", "#b0b0b0", "#e45756"};
    private static final int BAR = 22;
    private static final int GAP = 24;
    private static final int LEFT = 16;
    private static final int TOP = 60;
    private static final int HEIGHT = 120;
    private static final int PANEL = HEIGHT + 60;

    /** @param limit a line across the bars, or NaN for none */
    private record Group(String title, double[] bars, double limit) {}

    private record Panel(String title, List<Group> groups) {}

    private final String title;
    private final String[] series;
    private final String limitTitle;
    private final List<Panel> panels = new ArrayList<>();
    private final StringBuilder out = new StringBuilder();

    /**
     * @param series what the bars of each group are, at most five
     * @param limitTitle what the lines across are, or null if there are none
     */
    BarChart(String title, String[] series, String limitTitle) {
        this.title = title;
        this.series = series;
        this.limitTitle = limitTitle;
    }

    /** Starts a panel, to which the next groups belong. */
    void panel(String name) {
        panels.add(new Panel(name, new ArrayList<>()));
    }

    /** @param bars one for each of the series, NaN for none */
    void group(String name, double[] bars, double limit) {
        panels.get(panels.size() - 1).groups.add(new Group(name, bars, limit));
    }

    String svg() {
        out.setLength(0);
        int width = LEFT;
        for (Panel panel : panels) {
            width = Math.max(width, LEFT + panel.groups.stream().mapToInt(g -> bars(g) * BAR + GAP).sum());
        }
        width = Math.max(width, 700);
        int height = TOP + panels.size() * PANEL;
        add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\""
                + " font-size=\"11\">%n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n", width, height);
        add("<text x=\"%d\" y=\"20\" font-size=\"14\" font-weight=\"bold\">%s</text>%n", LEFT, title);
        legend();
        for (int i = 0; i < panels.size(); i++) {
            draw(panels.get(i), TOP + i * PANEL);
        }
        return out.append("</svg>\n").toString();
    }

    private static int bars(Group group) {
        int count = 0;
        for (double bar : group.bars) {
            count += Double.isNaN(bar) ? 0 : 1;
        }
        return Math.max(count, 1);
    }

    private void legend() {
        TreeSet<Integer> used = new TreeSet<>();
        panels.forEach(p -> p.groups.forEach(g -> {
            for (int i = 0; i < g.bars.length; i++) {
                if (!Double.isNaN(g.bars[i])) {
                    used.add(i);
                }
            }
        }));
        int x = LEFT;
        for (int i : used) {
            add("<rect x=\"%d\" y=\"30\" width=\"10\" height=\"10\" fill=\"%s\"/>%n", x, COLOURS[i]);
            add("<text x=\"%d\" y=\"39\">%s</text>%n", x + 14, series[i]);
            x += 28 + 6 * series[i].length();
        }
        if (limitTitle != null) {
            add("<path d=\"M%d 35h14\" stroke=\"black\" stroke-width=\"2\"/>%n", x);
            add("<text x=\"%d\" y=\"39\">%s</text>%n", x + 18, limitTitle);
        }
    }

    private void draw(Panel panel, int top) {
        double largest = 0;
        for (Group group : panel.groups) {
            for (double bar : group.bars) {
                largest = Math.max(largest, Double.isNaN(bar) ? 0 : bar);
            }
            largest = Math.max(largest, Double.isNaN(group.limit) ? 0 : group.limit);
        }
        int bottom = top + HEIGHT + 30;
        add("<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>%n", LEFT, top + 14, panel.title);
        int x = LEFT;
        for (Group group : panel.groups) {
            int from = x;
            for (int i = 0; i < group.bars.length; i++) {
                if (!Double.isNaN(group.bars[i])) {
                    double high = HEIGHT * group.bars[i] / largest;
                    add("<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"%s\"/>%n", x, bottom - high,
                            BAR - 2, high, COLOURS[i]);
                    add("<text x=\"%d\" y=\"%.1f\" font-size=\"9\" text-anchor=\"middle\">%.0f</text>%n",
                            x + BAR / 2 - 1, bottom - high - 3, group.bars[i]);
                    x += BAR;
                }
            }
            x = Math.max(x, from + BAR);
            if (!Double.isNaN(group.limit)) {
                add("<path d=\"M%d %.1fH%d\" stroke=\"black\" stroke-width=\"2\"/>%n", from - 3,
                        bottom - HEIGHT * group.limit / largest, x + 1);
            }
            add("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n", (from + x) / 2, bottom + 14, group.title);
            x += GAP;
        }
    }

    private void add(String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values));
    }
}
