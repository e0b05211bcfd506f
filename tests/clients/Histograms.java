import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;

/**
 * Reads a histogram log from standard input with HdrHistogram itself, and
 * prints a line a histogram: tag, count, start, and the percentiles that were
 * asked for.
 */
public class Histograms {
    public static void main(String[] percentiles) {
        HistogramLogReader reader = new HistogramLogReader(System.in);
        EncodableHistogram next;
        while ((next = reader.nextIntervalHistogram()) != null) {
            Histogram histogram = (Histogram) next;
            StringBuilder line = new StringBuilder();
            line.append(histogram.getTag()).append(' ');
            line.append(histogram.getTotalCount());
            for (String percentile : percentiles) {
                line.append(' ').append(histogram.getValueAtPercentile(
                    Double.parseDouble(percentile)));
            }
            System.out.println(line);
        }
    }
}
