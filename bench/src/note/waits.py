from concurrent.futures import ThreadPoolExecutor, as_completed
import time

def fetch_data(n):
    time.sleep(2)  # simulate I/O
    return f"Result {n}"

def main():
    with ThreadPoolExecutor(max_workers=3) as executor:
        futures = [executor.submit(fetch_data, i) for i in range(5)]

        for future in as_completed(futures):
            print(future.result())

if __name__ == "__main__":
    main()
