# plot.gp - draws rates.dat and latency.dat of the current directory as bench.svg.
set terminal svg size 1200,1100 dynamic noenhanced background "white" font "sans-serif,13"
set output "bench.svg"
set multiplot layout 2,1
set logscale y
set grid ytics

set title "Requests a second (median)"
set style data histograms
set style fill solid 0.8 border -1
set boxwidth 0.8
set yrange [100:*]
set xtics rotate by -25
unset key
plot "rates.dat" using 2:xtic(1) linecolor "#33658a", \
     "" using 0:2:(sprintf("%.0f", $2)) with labels offset 0,0.6

# The axis stretches the slowest requests: each step to the right is a tenth of them.
set title "Latency in ms (median)"
set style data lines
set key outside right autotitle columnheader
set xtics norotate ("0" 0, "50" 0.301, "90" 1, "99" 2, "99.9" 3, "99.99" 4)
set xrange [0:4]
set yrange [*:*]
set xlabel "percent of requests that were answered within"
stats "latency.dat" nooutput
plot for [block = 0:STATS_blocks - 1] "latency.dat" index block \
     using (-log10(1 - $1 / 100)):2 linewidth 2 dashtype block / 8 + 1

unset multiplot
