from concurrent.futures import ProcessPoolExecutor
import math

def heavy_compute(n):
    total = 0
    for i in range(10**7):
        total += math.sqrt(i)
    return total

def main():
    with ProcessPoolExecutor() as executor:
        results = executor.map(heavy_compute, [1, 2, 3, 4])
        for r in results:
            print(r)

if __name__ == "__main__":
    main()
